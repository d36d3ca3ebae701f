// BoxClock: the machine's clock, and what is known of it: whether it is right, and how long the
// machine has been running, which no setting of the clock changes.
//
// Threads: free-threaded.
#pragma once

#include <functional>
#include <string>

#include "capture/time.h"

namespace koegura::store {

struct BoxMoment {
  Timestamp time{};           // as the clock shows it
  bool synchronised = false;  // the kernel says that something (NTP, PTP) keeps it right
  std::string boot{};         // of the machine's run; empty if it is not known
  Duration up{};              // since that run began, sleep included
};

using BoxClock = std::function<BoxMoment()>;

// This machine's.
[[nodiscard]] BoxMoment box_moment();

}  // namespace koegura::store
