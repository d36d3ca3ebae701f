// Day: a date of the calendar that hangs on the box's wall (TZ of the process). Free-threaded.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "capture/time.h"

namespace koegura::store {

using Day = std::chrono::local_days;

[[nodiscard]] Day local_day(Timestamp time);

// "2026-04-01", "2026/4/1", "2026.4.1", "2026年4月1日", "令和8年4月1日", "R8.4.1"; full-width
// digits too. Nothing if it is no such date, or none of the calendar.
[[nodiscard]] std::optional<Day> parse_day(std::string_view text);
// "2026-04-01"
[[nodiscard]] std::string day_text(Day day);

}  // namespace koegura::store
