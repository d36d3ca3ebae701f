// keeping: does what is heard get onto the disk and into the archive, and does it stay there? What
// is wrong with the spool, the backlog and the disk, in the words of a maintainer.
//
// Threads: none; a pure function. Hearing (hearing.h) judges what is heard, Watch (watch.h) both.
#pragma once

#include <vector>

#include "recorder.h"

namespace koegura::tools {

// Of a moment: all are facts, and none needs an earlier one.
[[nodiscard]] std::vector<Finding> judge_keeping(const RecorderView& now);

}  // namespace koegura::tools
