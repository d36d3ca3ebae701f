// Note file: the notes beside a call's file (store/notes.h): read whole, added to at its end.
//
// Threads: any; whoever adds holds the call's id.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "capture/error.h"
#include "record.pb.h"

namespace koegura::store {

struct NoteFile {
  std::vector<Note> notes;
  std::vector<std::string> lines;  // theirs, without line feeds
  std::uint64_t end = 0;           // behind the last whole line
  bool is_torn = false;            // half a line follows, which nobody was told of
};

// Nothing in it if there is none. Fails, naming the line, at one that is no note.
[[nodiscard]] Result<NoteFile> read_notes(const std::string& path);

[[nodiscard]] std::string note_line(const Note& note);  // without its line feed

// Adds the line behind `end`, where the file is cut first. On disk when it returns, if asked; on
// failure the file ends at `end`, if the disk lets it.
[[nodiscard]] Result<void> append_note(const std::string& path, std::uint64_t end,
                                       const std::string& line, bool sync);
// Takes away what stands behind `end`; of nothing, the file.
[[nodiscard]] Result<void> cut_notes(const std::string& path, std::uint64_t end, bool sync);

// Into the record, with the tags among them.
void set_notes(CallRecord& record, const std::vector<Note>& notes);

}  // namespace koegura::store
