#include "note_audit.h"

#include <algorithm>
#include <optional>

#include "ledger_format.h"
#include "note_file.h"
#include "store/notes.h"

namespace koegura::store {

namespace {

std::optional<Sha256> note_hash(const LedgerEntry& entry) {
  if (entry.kind() != kNoteEntry) return std::nullopt;
  return sha256_in_hex(entry.note_sha256());
}

}  // namespace

void NoteAudit::add(const LedgerEntry& entry) {
  const std::optional<Sha256> hash = note_hash(entry);
  const std::optional<Ulid> id = hash ? Ulid::parse(entry.call()) : std::nullopt;
  if (id) notes_[*id].push_back(*hash);
}

Result<void> NoteAudit::check(const Ulid& id, const std::string& call_file) {
  const Result<NoteFile> file = read_notes(notes_path(call_file));
  if (!file) return tl::make_unexpected(file.error());
  const auto known = notes_.find(id);
  const std::vector<Sha256> entered = known == notes_.end() ? std::vector<Sha256>() : known->second;
  if (file->lines.size() < entered.size()) {
    return failure("it has " + std::to_string(file->lines.size()) +
                   " notes, and the ledger tells of " + std::to_string(entered.size()) +
                   ": some were removed");
  }
  std::vector<Sha256> more;
  for (std::size_t i = 0; i < file->lines.size(); ++i) {
    const Sha256 hash = sha256(file->lines[i]);
    if (i >= entered.size()) {
      more.push_back(hash);
    } else if (hash != entered[i]) {
      return failure("note " + std::to_string(i + 1) +
                     " is not what was written: the ledger has another hash of it");
    }
  }
  if (!more.empty()) waiting_[id] = std::move(more);
  return {};
}

void NoteAudit::add_later(const LedgerEntry& entry) {
  const std::optional<Sha256> hash = note_hash(entry);
  const std::optional<Ulid> id = hash ? Ulid::parse(entry.call()) : std::nullopt;
  const auto waiting = id ? waiting_.find(*id) : waiting_.end();
  if (waiting == waiting_.end()) return;
  std::erase(waiting->second, *hash);
  if (waiting->second.empty()) waiting_.erase(waiting);
}

void NoteAudit::finish(const std::function<void(const Ulid&)>& fault) const {
  for (const auto& [id, hashes] : waiting_) fault(id);
}

}  // namespace koegura::store
