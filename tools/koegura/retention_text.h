// retention_text: holds and what becomes of calls, as lines for people. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "hold.pb.h"
#include "retention.pb.h"

namespace koegura::tools {

// "CASE", then a line for each placing: when, by whom, what, why.
[[nodiscard]] std::vector<std::string> hold_lines(const Hold& hold);

// `retention show`: the clock and what it allows, then a table of the rules.
[[nodiscard]] std::vector<std::string> outlook_lines(const RetentionOutlook& outlook);
// Of `retention run --dry-run`: "2026-11-21 10:15:02+09:00  01M7…  default, expired 2031-…".
[[nodiscard]] std::string due_line(const DueCall& call);

}  // namespace koegura::tools
