// RecordingHistory: when the recorder was away, and when the wall clock was set: what a call is
// told at its end.
//
// Threads: one.
#pragma once

#include <vector>

#include "capture/finished_call.h"

namespace koegura::capture {

// From this moment on, the wall clock was the capture's clock + offset.
struct WallOffset {
  Timestamp from;
  Duration offset{};
};

class RecordingHistory {
 public:
  void add(const Outage& outage) { outages_.push_back(outage); }
  // In order of time.
  void add(const WallOffset& offset);

  // Fills the call's outages, steps and wall offset. REQUIRES: its start and end are known.
  void describe(FinishedCall& call) const;
  // Streams of one key that an outage cut in two are one again. REQUIRES: in order of `first`.
  void mend(std::vector<FinishedStream>& streams) const;
  [[nodiscard]] std::vector<ClockStep> clock_steps() const;

 private:
  [[nodiscard]] bool goes_on(const FinishedStream& before, const FinishedStream& after) const;

  std::vector<Outage> outages_;
  std::vector<WallOffset> wall_offsets_;  // each differs from the one before
};

}  // namespace koegura::capture
