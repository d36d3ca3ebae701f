// clock_step: the capture's clock, as it moves on with the stamps of frames.
#pragma once

#include <algorithm>

#include "capture/time.h"

namespace koegura::capture {

// Frames of several queues or files are a little out of order: that does not move the clock back.
// A step of more than this is a clock that was set back: it is believed, as otherwise every timer
// would stand still until the old time comes again.
inline constexpr Duration kMostDisorder = std::chrono::seconds(10);

[[nodiscard]] inline Timestamp clock_after(Timestamp before, Timestamp stamp) {
  return stamp + kMostDisorder < before ? stamp : std::max(before, stamp);
}

// Has the clock come to `next`, or was it set back?
[[nodiscard]] inline bool is_due(Timestamp now, Timestamp next) {
  return now >= next || now + kMostDisorder < next;
}

}  // namespace koegura::capture
