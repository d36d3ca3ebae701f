#include "erasure.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "capture/folder_entries.h"
#include "durable_file.h"
#include "entry_marks.h"
#include "ledger_format.h"
#include "record.h"
#include "sha256.h"

namespace koegura::store {

namespace {

namespace fs = std::filesystem;

// The file, and what has its name with another ending (notes). Names have numbers in them, and so
// stand in no message.
Result<void> remove_files_of(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  const std::string stem = fs::path(path).stem().string() + ".";
  std::vector<std::string> doomed;
  const auto error = capture::for_each_entry(folder, [&](const fs::directory_entry& entry) {
    if (entry.path().filename().string().starts_with(stem)) doomed.push_back(entry.path());
  });
  if (error == std::errc::no_such_file_or_directory) return {};
  if (error) return failure("reading the folder " + folder.string() + ": " + error.message());
  for (const std::string& file : doomed) {
    if (::unlink(file.c_str()) != 0 && errno != ENOENT) {
      return tl::make_unexpected(error_from_errno("removing a file of it", errno));
    }
  }
  return sync_path(folder);
}

}  // namespace

Result<bool> is_erased(const Index& index, const Ulid& id) {
  return index.value(erased_key(id)).map([](const auto& mark) { return mark.has_value(); });
}

Result<void> Erasure::complete(const Ulid& id, const Erasing& left) {
  if (const Result<bool> removed = index_.remove(id, left.file_bytes); !removed) {
    return tl::make_unexpected(removed.error());
  }
  if (Result<void> removed = remove_files_of(folder_.path() + "/" + left.path); !removed) {
    return removed;
  }
  return index_.change({{erasing_key(id), std::nullopt}});
}

Result<void> Erasure::complete_begun() {
  const Result<std::unique_ptr<IndexCursor>> cursor = index_.cursor();
  if (!cursor) return tl::make_unexpected(cursor.error());
  IndexCursor& at = **cursor;
  Result<void> outcome;
  for (at.seek(std::string(1, static_cast<char>(KeyKind::kErasing))); at.valid(); at.next()) {
    const std::optional<Ulid> id = id_of_erasing_key(at.key());
    if (!id) break;
    const std::optional<Erasing> left = decode_erasing(at.value());
    if (!left) continue;
    const IdLocks::Hold hold(writing_, id->text());
    Result<void> done = complete(*id, *left);
    if (outcome && !done) outcome = std::move(done);
  }
  if (Result<void> read = at.status(); !read) return read;
  return outcome;
}

Result<void> Erasure::erase(std::span<const ExpiredCall> calls, const std::string& who,
                            Erased& outcome) {
  std::vector<std::unique_ptr<IdLocks::Hold>> holds;
  std::vector<LedgerEntry> entries;
  std::vector<KeyChange> marks;
  std::vector<std::pair<Ulid, Erasing>> doomed;
  for (const ExpiredCall& call : calls) {
    const std::optional<Ulid> id = Ulid::parse(call.record.id());
    if (!id) continue;
    holds.push_back(std::make_unique<IdLocks::Hold>(writing_, id->text()));
    const std::string& path = call.record.audio().path();
    const std::string file = folder_.path() + "/" + path;
    const Result<Sha256> hash = sha256_of_file(file);
    // The entry of its archiving comes first; one without a file never has it.
    if (hash && is_marked(index_, *id).value_or(true)) {
      outcome.add_problems("call " + id->text() + " waits for its ledger entry: later");
      continue;
    }
    LedgerEntry& entry = entries.emplace_back();
    entry.set_kind(std::string(kErasedEntry));
    entry.set_who(who);
    entry.set_call(id->text());
    if (hash) entry.set_file_sha256(hex(*hash));
    entry.set_rule(call.rule);
    *entry.mutable_expired() = to_proto(call.expired);
    const Erasing left{.file_bytes = file_size(file).value_or(0), .path = path};
    marks.push_back({erased_key(*id), std::string()});
    marks.push_back({erasing_key(*id), encode_erasing(left)});
    doomed.emplace_back(*id, left);
  }
  if (entries.empty()) return {};
  if (Result<void> entered = clerk_.append_erased(std::move(entries), marks); !entered) {
    return entered;
  }
  for (const auto& [id, left] : doomed) {
    const Result<void> done = complete(id, left);
    if (!done) outcome.add_problems("call " + id.text() + ": " + done.error().message);
    outcome.set_calls(outcome.calls() + 1);
    outcome.set_bytes(outcome.bytes() + static_cast<double>(left.file_bytes));
  }
  return {};
}

}  // namespace koegura::store
