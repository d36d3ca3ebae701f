// TscClock: the time of day, told from the processor's time stamp counter.
//
// The counter costs 10 ns to read and never jumps; the wall clock is right. So the two are read
// together about once a second, and in between the time is a straight line over the counter. An
// error is made up for within the next second, at most 0.5 % faster or slower than the wall clock:
// two stamps are never in the wrong order, and a 20 ms packet interval is off by 0.1 ms at worst.
//
// A wall clock that is over a second away was set, and then the time follows at once, also
// backwards. Rejected: slewing that too. A box that starts with local time in its hardware clock is
// nine hours off in Japan until NTP has answered, and would stamp calls wrongly for weeks.
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

  // Never earlier than for a smaller tsc, but for a measure that found the wall clock set back.
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
