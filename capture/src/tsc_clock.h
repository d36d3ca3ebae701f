// TscClock: the time of day, told from the processor's time stamp counter.
//
// The counter costs 10 ns to read and never jumps; the wall clock is right. So the two are read
// together about once a second, and in between the time is a straight line over the counter. An
// error is made up for within the next second, at most 0.5 % faster or slower than the wall clock:
// a 20 ms packet interval is off by 0.1 ms at worst, and while nobody sets the wall clock two
// stamps are never in the wrong order.
//
// A wall clock that has been set (is_step, which SteadyStamps uses as well) is followed at once,
// also backwards: SteadyStamps takes the step out again, and could not if it came gradually.
// Rejected: slewing a step of up to a second. It takes minutes, in which the kernel's stamps and
// ours would be apart.
//
// Threads: one.
#pragma once

#include <cstdint>

#include "capture/time.h"

namespace koegura::capture {

class TscClock {
 public:
  // Both clocks at one moment.
  struct Reading {
    std::uint64_t tsc = 0;
    Timestamp wall;
  };

  // hz: what the counter is said to tick at; what it really does is measured.
  TscClock(std::uint64_t hz, Reading first);

  // True about once a second, more often at first: then measure is to be called.
  [[nodiscard]] bool is_due(std::uint64_t tsc) const { return ticks_since(tsc) >= span_; }
  void measure(Reading now);

  // Never earlier than for a smaller tsc, unless a measure found the wall clock set back.
  [[nodiscard]] Timestamp at(std::uint64_t tsc) const;

 private:
  // 0 for a counter that stands before ours: another core's, a few ticks behind.
  [[nodiscard]] std::uint64_t ticks_since(std::uint64_t tsc) const {
    return tsc > measured_.tsc ? tsc - measured_.tsc : 0;
  }

  double nominal_rate_;  // ns a tick
  double rate_;          // as last measured
  double slew_ = 0;      // added to it for the first span_ ticks after measured_
  std::uint64_t hz_;
  std::uint64_t span_;  // ticks from one measurement to the next
  Reading measured_;    // the last measurement ...
  Timestamp told_;      // ... and what at() says for it
};

}  // namespace koegura::capture
