#include "steady_stamps.h"

#include <ctime>

#include <algorithm>
#include <tuple>

namespace koegura::capture {
namespace {

Duration read_clock(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

// We may be interrupted between the two: then the other clock's time is told too late.
ClockSample sample_clocks() {
  constexpr Duration kAtOnce = std::chrono::microseconds(20);
  constexpr int kTries = 8;
  ClockSample best;
  Duration least = Duration::max();
  for (int i = 0; i < kTries && least > kAtOnce; ++i) {
    const Duration before = read_clock(CLOCK_BOOTTIME);
    const Duration wall = read_clock(CLOCK_REALTIME);
    const Duration took = read_clock(CLOCK_BOOTTIME) - before;
    if (took >= least) continue;
    least = took;
    best = {.wall = Timestamp(wall), .monotonic = before + took / 2};
  }
  return best;
}

void SteadyStamps::on_step(Duration moved, const ClockSample& now) {
  if (olds_ == old_.size()) {  // set again and again: the oldest is the least likely
    std::move(old_.begin() + 1, old_.end(), old_.begin());
    --olds_;
  }
  old_[olds_++] = {.offset = offset_, .until = now.monotonic + kTransition};
  offset_ += moved;
  if (steps_.size() == kMostSteps) steps_.erase(steps_.begin());
  steps_.push_back({.at = now.wall - offset_, .by = moved});
}

void SteadyStamps::forget_old_offsets() {
  std::size_t over = 0;
  while (over < olds_ && old_[over].until < looked_) ++over;
  std::move(old_.begin() + static_cast<std::ptrdiff_t>(over),
            old_.begin() + static_cast<std::ptrdiff_t>(olds_), old_.begin());
  olds_ -= over;
}

void SteadyStamps::steady_in_transition(std::span<Frame> frames) {
  for (Frame& frame : frames) {
    frame.time = choose(frame.time, std::max(last_, quiet_until_));
    if (is_possible(frame.time)) last_ = std::max(last_, frame.time);
  }
}

Timestamp SteadyStamps::choose(Timestamp wall, Timestamp before) const {
  const auto misfit = [&](Timestamp time) {
    const Timestamp likely = is_possible(time) ? before : now_;
    const Duration distance = time < likely ? likely - time : time - likely;
    return std::tuple(!is_possible(time), time < before - kDisorder, distance);
  };
  Timestamp best = wall - offset_;
  for (std::size_t i = 0; i < olds_; ++i) {
    const Timestamp other = wall - old_[i].offset;
    if (misfit(other) < misfit(best)) best = other;
  }
  return best;
}

Duration SteadyStamps::wall_offset_at(Timestamp moment) const {
  Duration offset = offset_;
  for (auto step = steps_.rbegin(); step != steps_.rend() && step->at > moment; ++step) {
    offset -= step->by;
  }
  return offset;
}

}  // namespace koegura::capture
