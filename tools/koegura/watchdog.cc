#include "watchdog.h"

namespace koegura::tools {

std::vector<Pulse> pulses_of(const std::vector<capture::Heartbeat>& heartbeats,
                             const store::FinisherStats& finisher, Duration call_limit,
                             Duration api) {
  std::vector<Pulse> pulses;
  for (const capture::Heartbeat& beat : heartbeats) {
    pulses.push_back({.thread = beat.thread, .age = beat.age, .limit = kLongestSilence});
  }
  pulses.push_back({.thread = "finish", .age = finisher.busiest, .limit = call_limit});
  pulses.push_back({.thread = "api", .age = api, .limit = kLongestSilence});
  return pulses;
}

std::vector<Watchdog::Change> Watchdog::look(const std::vector<Pulse>& pulses) {
  std::vector<Change> changes;
  for (const Pulse& pulse : pulses) {
    const bool stuck = pulse.age > pulse.limit;
    const bool changed =
        stuck ? stuck_.insert(pulse.thread).second : stuck_.erase(pulse.thread) > 0;
    if (changed) changes.push_back({.stuck = stuck, .pulse = pulse});
  }
  return changes;
}

}  // namespace koegura::tools
