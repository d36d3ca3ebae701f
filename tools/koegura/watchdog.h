// Watchdog: is every thread of the recorder well? Each says so again and again; one that has said
// nothing for too long is stuck, and then the service manager is no longer told that the recorder
// is alive, so that it starts it anew.
//
// Not looked at is the spool's writer: a disk that hangs is an alarm (spool_refused, slow_disk), as
// a restart would lose what waits in memory for it, and win nothing.
//
// Threads: one.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "capture/tap.h"
#include "store/finisher.h"

namespace koegura::tools {

// How long ago a thread said that it is well, and when that is too long.
struct Pulse {
  std::string thread;  // "rx0", "sip", "finish", "api"
  Duration age{};
  Duration limit{};
};

// How long each but the finisher may say nothing: they look around many times a second.
inline constexpr Duration kLongestSilence = std::chrono::seconds(10);

// `call_limit`: how long a call may take to archive. `api`: the age of the API's.
[[nodiscard]] std::vector<Pulse> pulses_of(const std::vector<capture::Heartbeat>& heartbeats,
                                           const store::FinisherStats& finisher,
                                           Duration call_limit, Duration api);

class Watchdog {
 public:
  // A thread got stuck, or goes on again.
  struct Change {
    bool stuck = true;
    Pulse pulse;
  };
  [[nodiscard]] std::vector<Change> look(const std::vector<Pulse>& pulses);
  [[nodiscard]] bool is_all_well() const { return stuck_.empty(); }

 private:
  std::set<std::string> stuck_;
};

}  // namespace koegura::tools
