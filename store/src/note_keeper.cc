#include "note_keeper.h"

#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "index_format.h"
#include "ledger_format.h"
#include "note_file.h"
#include "record.h"
#include "sha256.h"
#include "store/ledger.h"
#include "store/notes.h"

namespace koegura::store {

namespace {

// The value of a mark.
struct NoteMark {
  std::uint64_t end = 0;      // of the file of notes, before
  std::uint64_t entries = 0;  // of the ledger, before
};

std::string encode_mark(const NoteMark& mark) {
  return std::to_string(mark.end) + ' ' + std::to_string(mark.entries);
}

std::optional<NoteMark> decode_mark(std::string_view text) {
  const char* end = text.data() + text.size();
  NoteMark mark;
  const auto [space, error] = std::from_chars(text.data(), end, mark.end);
  if (error != std::errc() || space == end || *space != ' ') return std::nullopt;
  const auto [rest, other] = std::from_chars(space + 1, end, mark.entries);
  if (other != std::errc() || rest != end) return std::nullopt;
  return mark;
}

// Whether the ledger has the line, in an entry from this one on.
Result<bool> is_entered(const std::string& archive, std::uint64_t from, const Ulid& id,
                        const std::string& line) {
  const Result<std::unique_ptr<Ledger>> ledger = Ledger::open(archive);
  if (!ledger) return tl::make_unexpected(ledger.error());
  const std::string call = id.text();
  const std::string hash = hex(sha256(line));
  bool found = false;
  const Result<void> read = (*ledger)->for_each(from, [&](const LedgerEntry& entry, auto) {
    found = entry.kind() == kNoteEntry && entry.call() == call && entry.note_sha256() == hash;
    return !found;
  });
  return read.map([&] { return found; });
}

}  // namespace

std::string NoteKeeper::path_of(const CallRecord& record) const {
  return notes_path(folder_.path() + "/" + record.audio().path());
}

Result<void> NoteKeeper::show_in_index(CallRecord record) const {
  const Result<NoteFile> file = read_notes(path_of(record));
  if (!file) return tl::make_unexpected(file.error());
  set_notes(record, file->notes);
  return index_.annotate(record).map([](bool) {});
}

// From the mark on.
Result<void> NoteKeeper::keep(const CallRecord& record, std::uint64_t end, const Note& note) {
  const std::string line = note_line(note);
  LedgerEntry entry;
  entry.set_kind(std::string(kNoteEntry));
  entry.set_who(note.who());
  entry.set_call(record.id());
  entry.set_note_sha256(hex(sha256(line)));
  Result<void> done = append_note(path_of(record), end, line, sync_);
  if (done) done = show_in_index(record);
  if (done) done = clerk_.append(std::move(entry));
  return done;
}

Result<void> NoteKeeper::add(const NewNote& wanted, const std::string& who) {
  const std::optional<Ulid> id = Ulid::parse(wanted.call());
  if (!id) return failure("'" + wanted.call() + "' is no call's id", ErrorKind::kUsage);
  Result<std::string> text = note_text(wanted.text());
  if (!text) return tl::make_unexpected(std::move(text).error());
  const IdLocks::Hold hold(writing_, id->text());
  const Result<std::optional<CallRecord>> record = index_.get(*id);
  if (!record) return tl::make_unexpected(record.error());
  if (!*record) return failure("no call " + id->text(), ErrorKind::kNotFound);
  const Result<NoteFile> file = read_notes(path_of(**record));
  if (!file) return tl::make_unexpected(file.error());
  if (file->notes.size() >= kMostNotes) {
    return failure("call " + id->text() + " has " + std::to_string(kMostNotes) +
                       " notes, and more are not kept",
                   ErrorKind::kUsage);
  }
  Note note;
  *note.mutable_time() = to_proto(std::chrono::system_clock::now());
  note.set_who(who.empty() ? clerk_.who() : who);
  note.set_text(std::move(*text));
  const std::string mark = encode_mark({.end = file->end, .entries = clerk_.entries()});
  if (Result<void> marked = index_.change_now({{annotation_key(*id), mark}}); !marked) {
    return marked;
  }
  Result<void> kept = keep(**record, file->end, note);
  // What is left of it goes; or stays with the mark, if the disk lets neither be done.
  if (!kept) {
    static_cast<void>(settle(*id, mark));
    return kept;
  }
  static_cast<void>(index_.change({{annotation_key(*id), std::nullopt}}));
  return kept;
}

Result<void> NoteKeeper::settle(const Ulid& id, const std::string& mark) {
  const Result<std::optional<CallRecord>> record = index_.get(id);
  if (!record) return tl::make_unexpected(record.error());
  const std::optional<NoteMark> before = decode_mark(mark);
  Result<void> done;
  if (*record && before) {
    const std::string path = path_of(**record);
    const Result<NoteFile> file = read_notes(path);
    if (!file) return tl::make_unexpected(file.error());
    const bool has_line = file->end > before->end;
    Result<bool> entered = false;
    if (has_line) entered = is_entered(folder_.path(), before->entries, id, file->lines.back());
    if (!entered) return tl::make_unexpected(std::move(entered).error());
    if (!*entered) done = cut_notes(path, before->end, sync_);
    if (done) done = show_in_index(**record);
  }
  return done ? index_.change_now({{annotation_key(id), std::nullopt}}) : done;
}

Result<void> NoteKeeper::settle() {
  const Result<std::unique_ptr<IndexCursor>> cursor = index_.cursor();
  if (!cursor) return tl::make_unexpected(cursor.error());
  IndexCursor& at = **cursor;
  for (at.seek(annotation_key(Ulid())); at.valid(); at.next()) {
    const std::optional<Ulid> id = id_of_annotation_key(at.key());
    if (!id) break;
    if (Result<void> done = settle(*id, std::string(at.value())); !done) return done;
  }
  return at.status();
}

}  // namespace koegura::store
