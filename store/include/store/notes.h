// Notes: what people write on calls, and how much of it. They lie beside the call's file, one JSON
// object (Note of record.proto) a line: "X.mka" has "X.notes.jsonl". Lines are only added. So notes
// are there after a reindex, and go with the call. Free-threaded.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "capture/error.h"

namespace koegura::store {

inline constexpr std::size_t kMostNoteBytes = 4000;  // of one text
inline constexpr std::size_t kMostNotes = 100;       // of one call

// Where the notes of the call with this file are, if it has any.
[[nodiscard]] std::string notes_path(std::string_view call_file);

// The text as it is kept: without spaces around it. kUsage if it is empty, too long, no UTF-8, or
// has characters that cannot be printed.
[[nodiscard]] Result<std::string> note_text(std::string_view text);

}  // namespace koegura::store
