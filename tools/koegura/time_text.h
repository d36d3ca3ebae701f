// time_text: times and durations as people write and read them, in the machine's time zone.
#pragma once

#include <string>
#include <string_view>

#include "capture/error.h"
#include "capture/time.h"

namespace koegura::tools {

// A time as written names a stretch: "2026-11" a month, "yesterday" a day. What is more exact
// ("10:15", RFC 3339, "2h ago") is a moment: begin == end.
struct TimeText {
  Timestamp begin;
  Timestamp end;  // exclusive
};

//   time  = [ day [ ("T" / " ") clock [ zone ] ] ] / clock / duration " ago" / "now"
//   day   = YYYY / YYYY-MM / YYYY-MM-DD / "today" / "yesterday"
//   clock = hh:mm [ :ss [ .fraction ] ]       zone = "Z" / ±hh:mm      (RFC 3339 §5.6)
//
// A clock needs a whole day before it. Without a zone, local time; a clock alone is today's.
[[nodiscard]] Result<TimeText> parse_time(std::string_view text, Timestamp now);

// "500ms", "5s", "2min", "1h30min", "1 day": number and unit (ms, s, min, h, d), one or more times.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);
// The shortest spelling that parse_duration reads back: "2min", "90s", "500ms", "0s".
[[nodiscard]] std::string duration_text(Duration duration);

[[nodiscard]] std::string local_time(Timestamp time);        // "2026-11-21 10:15:02+09:00"
[[nodiscard]] std::string local_time_exact(Timestamp time);  // "2026-11-21 10:15:02.125+09:00"
[[nodiscard]] std::string clock_text(double seconds);        // "1:05", "1:02:03"
[[nodiscard]] std::string clock_text_exact(double seconds);  // "1:05.2", "1:02:03.0"

}  // namespace koegura::tools
