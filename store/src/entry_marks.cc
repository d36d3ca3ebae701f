#include "entry_marks.h"

#include <charconv>
#include <memory>
#include <vector>

namespace koegura::store {

namespace {

constexpr std::size_t kMarksABatch = 1000;

std::string first_key(KeyKind kind) {
  return {static_cast<char>(kind)};
}

}  // namespace

std::string encode_position(const LedgerPosition& position) {
  return std::to_string(position.entries) + " " + position.origin;
}

std::optional<LedgerPosition> decode_position(std::string_view value) {
  LedgerPosition position;
  const char* const end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, position.entries);
  if (error != std::errc() || rest == end || *rest != ' ') return std::nullopt;
  position.origin.assign(rest + 1, end);
  return position;
}

Result<std::optional<LedgerPosition>> ledger_position(const Index& index) {
  const Result<std::unique_ptr<IndexCursor>> cursor = index.cursor();
  if (!cursor) return tl::make_unexpected(cursor.error());
  (*cursor)->seek(ledger_key());
  if (!(*cursor)->valid())
    return (*cursor)->status().map([] { return std::optional<LedgerPosition>(); });
  if ((*cursor)->key() != ledger_key()) return std::optional<LedgerPosition>();
  return decode_position((*cursor)->value());
}

Result<void> set_ledger_position(Index& index, const LedgerPosition& position) {
  return index.change({{ledger_key(), encode_position(position)}});
}

Result<void> mark_all(Index& index) {
  const Result<std::unique_ptr<IndexCursor>> cursor = index.cursor();
  if (!cursor) return tl::make_unexpected(cursor.error());
  IndexCursor& at = **cursor;
  std::vector<KeyChange> marks;
  for (at.seek(first_key(KeyKind::kCall)); at.valid(); at.next()) {
    const std::optional<Ulid> id = id_of_call_key(at.key());
    if (!id) break;
    marks.push_back({waiting_key(*id), std::string()});
    if (marks.size() < kMarksABatch) continue;
    if (Result<void> marked = index.change(marks); !marked) return marked;
    marks.clear();
  }
  if (Result<void> read = at.status(); !read) return read;
  return marks.empty() ? Result<void>() : index.change(marks);
}

Result<void> unmark(Index& index, const Ulid& id) {
  return index.change({{waiting_key(id), std::nullopt}});
}

Result<bool> is_marked(const Index& index, const Ulid& id) {
  const Result<std::unique_ptr<IndexCursor>> cursor = index.cursor();
  if (!cursor) return tl::make_unexpected(cursor.error());
  (*cursor)->seek(waiting_key(id));
  if ((*cursor)->valid()) return (*cursor)->key() == waiting_key(id);
  return (*cursor)->status().map([] { return false; });
}

Result<void> for_each_marked(const Index& index, const std::function<bool(const Ulid&)>& visit) {
  const Result<std::unique_ptr<IndexCursor>> cursor = index.cursor();
  if (!cursor) return tl::make_unexpected(cursor.error());
  IndexCursor& at = **cursor;
  for (at.seek(first_key(KeyKind::kWaiting)); at.valid(); at.next()) {
    const std::optional<Ulid> id = id_of_waiting_key(at.key());
    if (!id || !visit(*id)) return {};
  }
  return at.status();
}

}  // namespace koegura::store
