// recorder_report: what the running recorder knows of itself, as the messages of output.proto.
//
// Threads: none; pure functions. Strings come out printable.
#pragma once

#include <string>

#include "output.pb.h"
#include "recorder.h"

namespace koegura::tools {

// Times are on the wall clock, as it is set now.
[[nodiscard]] RecorderStatus recorder_status(const RecorderView& view);
// Without rates. `region`: of numbers without a country code.
[[nodiscard]] TopSnapshot top_snapshot(const RecorderView& view, const std::string& region);

// Fills in what is per second in `now`: nothing if no time passed since `before`, 0 where a
// counter began anew.
void set_rates(const TopSnapshot& before, TopSnapshot& now);

}  // namespace koegura::tools
