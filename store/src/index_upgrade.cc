#include "index_upgrade.h"

#include <charconv>
#include <memory>
#include <string>

#include "row_changes.h"

namespace koegura::store {

namespace {

constexpr std::string_view kUpTo = " up to ";
constexpr std::size_t kCallsABatch = 200;

std::string upgrading(const Ulid& done) {
  return std::to_string(kIndexSchema) + std::string(kUpTo) + done.text();
}

constexpr std::size_t kKeysABatch = 5000;

// Numbers without ids, as older schemas had them; and counts, if somebody left some: they are added
// up.
Result<void> drop_kind(KeyKind kind, IndexCursor& at, const WriteKeys& write) {
  const std::string begin(1, static_cast<char>(kind));
  std::vector<KeyChange> changes;
  for (at.seek(begin); at.valid() && at.key().starts_with(begin); at.next()) {
    changes.push_back({std::string(at.key()), std::nullopt});
    if (changes.size() < kKeysABatch) continue;
    if (Result<void> written = write(changes); !written) return written;
    changes.clear();
  }
  if (Result<void> read = at.status(); !read) return read;
  return write(changes);
}

}  // namespace

IndexSchema parse_schema(std::string_view text) {
  const char* end = text.data() + text.size();
  IndexSchema schema;
  const auto [rest, error] = std::from_chars(text.data(), end, schema.number);
  const std::string_view tail(rest, static_cast<std::size_t>(end - rest));
  if (error == std::errc() && tail.empty()) return schema;
  if (error == std::errc() && tail.starts_with(kUpTo)) {
    schema.is_up_to = Ulid::parse(tail.substr(kUpTo.size()));
    if (schema.is_up_to) return schema;
  }
  return {.number = kIndexSchema + 1, .is_up_to = {}};
}

Result<void> derive_keys(const Index& index, const IndexSchema& schema, const WriteKeys& write) {
  const Result<std::unique_ptr<IndexCursor>> cursor = index.cursor();
  if (!cursor) return tl::make_unexpected(cursor.error());
  IndexCursor& at = **cursor;
  const Ulid begin = schema.is_up_to.value_or(Ulid());
  // No older program may write to it from now on: it would leave calls without these keys.
  Result<void> begun = write({{schema_key(), upgrading(begin)}});
  const bool is_first = begin == Ulid();
  if (begun && is_first) begun = drop_kind(KeyKind::kReversedNumber, at, write);
  if (begun && is_first) begun = drop_kind(KeyKind::kCount, at, write);
  if (!begun) return begun;
  RowChanges changes(index);
  std::size_t calls = 0;
  Ulid done = begin;
  for (at.seek(call_key(begin)); at.valid(); at.next()) {
    const std::optional<Ulid> id = id_of_call_key(at.key());
    if (!id) break;
    if (!is_first && *id <= begin) continue;
    const Result<CallRecord> record = decode_record(at.value(), *id);
    if (!record) return tl::make_unexpected(record.error());
    if (Result<void> derived = changes.derive(*record); !derived) return derived;
    done = *id;
    if (++calls % kCallsABatch != 0) continue;
    changes.set(schema_key(), upgrading(done));
    if (Result<void> written = write(changes.take()); !written) return written;
  }
  if (Result<void> read = at.status(); !read) return read;
  changes.set(schema_key(), upgrading(done));
  return write(changes.take());
}

}  // namespace koegura::store
