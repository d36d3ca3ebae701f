#include "note_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "durable_file.h"
#include "open_file.h"
#include "store/message_json.h"
#include "store/notes.h"
#include "text_terms.h"
#include "utf8.h"

namespace koegura::store {

namespace {

constexpr std::string_view kCallEnding = ".mka";
constexpr std::string_view kNotesEnding = ".notes.jsonl";
constexpr std::uint64_t kMostFileBytes = 16U << 20U;  // far beyond what the limits allow

std::optional<Note> parse_note(std::string_view line) {
  Note note;
  if (!parse_message_json(line, note) || !note.has_time()) return std::nullopt;
  return note;
}

bool is_note_space(char32_t c) {
  return c == U' ' || c == 0x3000;
}

std::string_view without_spaces_around(std::string_view text) {
  while (!text.empty()) {
    std::string_view rest = text;
    if (!is_note_space(take_character(rest))) break;
    text = rest;
  }
  for (const std::string_view space : {std::string_view(" "), std::string_view("　")}) {
    if (text.ends_with(space)) {
      return without_spaces_around(text.substr(0, text.size() - space.size()));
    }
  }
  return text;
}

// Control characters, and those that turn the order of others or cannot be seen.
bool is_printable(char32_t c) {
  const bool is_control = c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
  const bool turns = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
  return !is_control && !turns && c != 0xFEFF && (c < 0xFFFE || c > 0xFFFF);
}

}  // namespace

std::string notes_path(std::string_view call_file) {
  if (call_file.ends_with(kCallEnding)) call_file.remove_suffix(kCallEnding.size());
  return std::string(call_file) + std::string(kNotesEnding);
}

Result<std::string> note_text(std::string_view text) {
  if (!is_utf8(text)) return failure("the note is not UTF-8", ErrorKind::kUsage);
  const std::string kept(without_spaces_around(text));
  if (kept.empty()) return failure("the note is empty", ErrorKind::kUsage);
  if (kept.size() > kMostNoteBytes) {
    return failure("the note has " + std::to_string(kept.size()) + " bytes, " +
                       std::to_string(kMostNoteBytes) + " at most are kept: write two",
                   ErrorKind::kUsage);
  }
  std::string_view rest = kept;
  for (std::size_t place = 1; !rest.empty(); ++place) {
    if (is_printable(take_character(rest))) continue;
    return failure("the note's character " + std::to_string(place) +
                       " cannot be printed: a note is one line of text",
                   ErrorKind::kUsage);
  }
  return kept;
}

Result<NoteFile> read_notes(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return NoteFile();
  const Result<std::string> content = read_file(path, kMostFileBytes);
  if (!content) return tl::make_unexpected(content.error());
  NoteFile file;
  std::string_view rest = *content;
  for (std::size_t feed = rest.find('\n'); feed != std::string_view::npos; feed = rest.find('\n')) {
    std::string line(rest.substr(0, feed));
    std::optional<Note> note = parse_note(line);
    if (!note) {
      return failure(path + ": line " + std::to_string(file.lines.size() + 1) + " is no note");
    }
    file.notes.push_back(std::move(*note));
    file.lines.push_back(std::move(line));
    rest.remove_prefix(feed + 1);
  }
  file.end = content->size() - rest.size();
  file.is_torn = !rest.empty();
  return file;
}

std::string note_line(const Note& note) {
  // Cannot fail: its text is UTF-8 and its time of now.
  return message_json(note).value_or("");
}

Result<void> append_note(const std::string& path, std::uint64_t end, const std::string& line,
                         bool sync) {
  Result<OpenFile> file = OpenFile::for_writing(path);
  if (!file) return tl::make_unexpected(std::move(file).error());
  Result<void> done =
      file->truncate(end).and_then([&] { return file->write_at(end, line + '\n'); });
  if (done && sync) done = file->sync();
  if (done && sync && end == 0) done = sync_path(folder_of(path));
  if (!done) static_cast<void>(cut_notes(path, end, sync));
  return done;
}

Result<void> cut_notes(const std::string& path, std::uint64_t end, bool sync) {
  if (!file_size(path)) return {};
  if (end == 0) {
    discard_file(path);
    return sync ? sync_path(folder_of(path)) : Result<void>();
  }
  Result<OpenFile> file = OpenFile::for_writing(path);
  if (!file) return tl::make_unexpected(std::move(file).error());
  Result<void> cut = file->truncate(end);
  return cut && sync ? file->sync() : cut;
}

void set_notes(CallRecord& record, const std::vector<Note>& notes) {
  record.clear_notes();
  record.clear_tags();
  std::vector<std::string> known;
  for (const Note& note : notes) {
    *record.add_notes() = note;
    for (std::string& tag : tags_in(note.text())) {
      const std::string term = tag_term(tag);
      if (std::find(known.begin(), known.end(), term) != known.end()) continue;
      known.push_back(term);
      record.add_tags(std::move(tag));
    }
  }
}

}  // namespace koegura::store
