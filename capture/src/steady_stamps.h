// SteadyStamps: stamps of the wall clock → the capture's clock, which nobody sets.
//
//   start sample, (read frames or a source's now, look, steady)*
//
// Whatever is made steady was read before the last look: a step between the two is not known, and
// would move it by the step.
//
// The capture's clock is the wall clock as it was at the start. When the wall clock is set, it goes
// on as if nothing had happened; where the wall clock is slewed (NTP: up to 500 ppm), it follows.
// A step shows in the difference between the wall clock and one that is never set, which a look
// compares with the look before. What is told apart from a step is the error of reading two clocks,
// so the threshold is far below what would misalign a call.
//
// Frames that were stamped before a step come out of the rings after it, seconds later if the
// machine is busy; and TscClock follows the wall clock a second later only. So for kTransition
// after a step every stamp is tried with the offsets of before and after it: a frame is no older
// than kTransition and not of the future, it comes after the frames before it, and next to them
// rather than far behind. Forwards that is always unambiguous. Backwards by less than kTransition
// there is wall time that passes twice: there order decides, and where a frame came alone it may be
// off by the step.
//
// Rejected: giving sources a clock that is not set (libpcap stamps in the kernel, on the wall
// clock); one object for all threads (a look must cost nothing). Threads that see the same step
// agree on its length to some microseconds.
//
// Without a step nearby it costs nothing a frame, and one subtraction once the clock has been set.
//
// Threads: one each. All of a capture begin with the same sample.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "capture/finished_call.h"
#include "capture/frame.h"
#include "capture/time.h"

namespace koegura::capture {

// Both clocks at one moment. monotonic: since some fixed moment, never set, goes on while the
// machine sleeps (CLOCK_BOOTTIME), so waking up is no step.
struct ClockSample {
  Timestamp wall;
  Duration monotonic{};
};

// Costs no system call.
[[nodiscard]] ClockSample sample_clocks();

// Two measurements, `since` apart, that disagree by so much: was a clock set in between? Also
// TscClock's threshold, so that its stamps step when we see a step.
inline constexpr Duration kStepTolerance = std::chrono::milliseconds(20);
[[nodiscard]] inline bool is_step(Duration moved, Duration since) {
  const Duration tolerance = kStepTolerance + since / 1000;
  return moved > tolerance || moved < -tolerance;
}

class SteadyStamps {
 public:
  static constexpr Duration kTransition = std::chrono::seconds(10);
  static constexpr std::size_t kMostSteps = 100;

  explicit SteadyStamps(const ClockSample& start)
      : difference_(start.wall.time_since_epoch() - start.monotonic),
        looked_(start.monotonic),
        now_(start.wall),
        last_(start.wall),
        frames_at_(start.monotonic) {}

  // Has the wall clock been set? After each round of reading, before its frames are made steady;
  // every 5 ms when nothing comes, though a thread may be held up for as long as it likes.
  void look(const ClockSample& now) {
    const Duration difference = now.wall.time_since_epoch() - now.monotonic;
    const Duration moved = difference - difference_;
    if (is_step(moved, now.monotonic - looked_)) on_step(moved, now);
    // Nothing came for a while before the look before this one: nothing older is waiting.
    if (looked_ - frames_at_ > kQuiet) quiet_until_ = now_;
    difference_ = difference;
    looked_ = now.monotonic;
    now_ = now.wall - offset_;
    if (olds_ != 0) forget_old_offsets();
  }

  // The frames' times become times of the capture's clock.
  void steady(std::span<Frame> frames) {
    if (frames.empty()) return;
    frames_at_ = looked_;
    if (olds_ != 0) return steady_in_transition(frames);
    if (offset_ != Duration::zero()) {
      for (Frame& frame : frames) frame.time -= offset_;
    }
    last_ = frames.back().time;
  }
  // Of a moment that was just now, as a source's now(), read before the last look.
  [[nodiscard]] Timestamp steady(Timestamp wall) const {
    return olds_ == 0 ? wall - offset_ : choose(wall, now_);
  }

  // The capture's clock at the last look.
  [[nodiscard]] Timestamp now() const { return now_; }
  // The capture's clock + this = the wall clock, now ...
  [[nodiscard]] Duration wall_offset() const { return offset_; }
  // ... and as it was at a moment of the capture's clock, as far back as steps() reaches.
  [[nodiscard]] Duration wall_offset_at(Timestamp moment) const;
  // The latest, in order; `at` on the capture's clock, when it was seen.
  [[nodiscard]] const std::vector<ClockStep>& steps() const { return steps_; }

 private:
  static constexpr Duration kQuiet = std::chrono::milliseconds(50);
  // Interfaces of one thread hand over their blocks within this of each other, and TscClock may be
  // so far ahead.
  static constexpr Duration kDisorder = kStepTolerance;
  static constexpr std::size_t kMostOlds = 8;

  // An offset that stamps may still have been made with.
  struct OldOffset {
    Duration offset{};
    Duration until{};  // monotonic
  };

  void on_step(Duration moved, const ClockSample& now);
  void forget_old_offsets();
  void steady_in_transition(std::span<Frame> frames);
  // The stamp with the offset that fits best behind `before`.
  [[nodiscard]] Timestamp choose(Timestamp wall, Timestamp before) const;
  [[nodiscard]] bool is_possible(Timestamp time) const {
    return time <= now_ + kDisorder && time >= now_ - kTransition;
  }

  Duration difference_;  // of the clocks, at the last look
  Duration offset_{};
  Duration looked_;  // monotonic
  Timestamp now_;
  Timestamp last_;         // of the latest frame
  Duration frames_at_;     // the look of the latest frame, monotonic
  Timestamp quiet_until_;  // all frames up to here have been given
  std::array<OldOffset, kMostOlds> old_{};
  std::size_t olds_ = 0;  // 0: no transition
  std::vector<ClockStep> steps_;
};

}  // namespace koegura::capture
