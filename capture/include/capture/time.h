// Timestamp: a moment on the capture's clock, in nanoseconds since 1970 UTC.
//
// Everything in capture/ runs on the clock of the frames, never on the machine's: a day's
// capture read in seconds gives the calls that the day gave.
#pragma once

#include <chrono>

namespace koegura {

using Duration = std::chrono::nanoseconds;
using Timestamp = std::chrono::sys_time<Duration>;

inline constexpr Timestamp from_unix_ns(long long ns) {
  return Timestamp(Duration(ns));
}
inline constexpr long long to_unix_ns(Timestamp t) {
  return t.time_since_epoch().count();
}
inline constexpr double to_seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}

}  // namespace koegura
