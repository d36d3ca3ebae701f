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

// Whether the record has the first of these notes, so many at least, and the tags among them.
bool has_notes(const CallRecord& record, const std::vector<Note>& notes, std::size_t least) {
  const auto count = static_cast<std::size_t>(record.notes_size());
  if (count < least || count > notes.size()) return false;
  CallRecord noted;
  set_notes(noted, {notes.begin(), notes.begin() + record.notes_size()});
  CallRecord known;
  *known.mutable_notes() = record.notes();
  *known.mutable_tags() = record.tags();
  known.DiscardUnknownFields();
  return known.SerializeAsString() == noted.SerializeAsString();
}

}  // namespace

void NoteAudit::add(const LedgerEntry& entry) {
  const std::optional<Sha256> hash = note_hash(entry);
  const std::optional<Ulid> id = hash ? Ulid::parse(entry.call()) : std::nullopt;
  if (id) notes_[*id].push_back(*hash);
}

Result<void> NoteAudit::check(const Ulid& id, const std::string& call_file,
                              const CallRecord& record) {
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
  if (!has_notes(record, file->notes, entered.size())) {
    return failure("the index has other notes or tags of it than were written");
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
