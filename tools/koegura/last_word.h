// last_word: how a live recording ended, of what the recorder last knew of itself.
//
// Threads: none; a pure function.
#pragma once

#include "record_result.h"
#include "recorder.h"

namespace koegura::tools {

// `written`: the disk took all that waited for it. Calls that are kept for the next start are no
// problem.
[[nodiscard]] RecordResult last_word(const RecorderView& last, bool written);

}  // namespace koegura::tools
