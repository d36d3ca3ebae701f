// ClockLine: what the packets of a stretch say of their sender's clock against ours: which RTP
// timestamp belongs to which moment, and how fast the one runs against the other.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "capture/time.h"

namespace koegura::decode {

inline constexpr double kNsPerSecond = 1e9;
// Beyond so many standard deviations an error is no accident.
inline constexpr double kSignificant = 4;
// Beyond so many it is hardly one.
inline constexpr double kLikely = 2;

struct ClockLine {
  // Arrival of the stretch's first and last packet.
  Timestamp from;
  Timestamp to;
  std::uint32_t clock_rate = 0;
  // A packet with this timestamp would have come at this moment, undelayed.
  std::uint32_t timestamp = 0;
  Timestamp undelayed;
  // Seconds of ours in a second of the sender's timestamps; 1 if nothing is to be corrected: the
  // nominal rate keeps within ClockScout::kDeadZone of the line, or nobody knows better.
  double rate = 1;
  // How much faster the sender's clock is than ours, and how well that is known (one standard
  // deviation). 0 and 0 where the stretch is too short to tell.
  double error_ppm = 0;
  double uncertainty_ppm = 0;
  bool is_measured = false;
  // The same clock as the line before, at another rate from this timestamp on: it wanders. The
  // error is the mean of all its lines.
  bool goes_on = false;

  [[nodiscard]] bool is_corrected() const { return rate != 1; }
  // Either it is wrong by more than chance, or it is known to be right.
  [[nodiscard]] bool is_error_known() const {
    constexpr double kSmall_ppm = 10;
    if (!is_measured) return false;
    return uncertainty_ppm <= kSmall_ppm || std::fabs(error_ppm) > kSignificant * uncertainty_ppm;
  }
};

// Of one stream, in order of time.
using ClockLines = std::vector<ClockLine>;

}  // namespace koegura::decode
