#include "stream_clock.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace koegura::decode {
namespace {

// A line that corrects nothing and is this near says nothing new: what the packets themselves say
// is exact.
constexpr Duration kSameMoment = std::chrono::milliseconds(1);

// A scout does not read every packet: so far off a stretch's ends there may be some of it.
constexpr Duration kUnseen = std::chrono::seconds(10);

bool is_within(Duration difference, Duration tolerance) {
  return difference <= tolerance && difference >= -tolerance;
}

}  // namespace

Duration StreamClock::disagreement(const Tick& before, const Tick& after) const {
  const auto ticks = static_cast<std::int32_t>(after.timestamp - before.timestamp);
  return (after.arrival - before.arrival) -
         Duration(static_cast<Duration::rep>(ticks * ns_per_tick_));
}

Timestamp StreamClock::undelayed(std::span<const Tick> ticks) const {
  const Tick& first = ticks.front();
  Duration delay = Duration::zero();  // of the first, below it
  for (const Tick& tick : ticks) {
    const Duration ahead = disagreement(first, tick);
    if (ahead < -kMostDelay) break;  // another clock
    delay = std::min(delay, ahead);
  }
  return first.arrival + delay;
}

bool StreamClock::settle(std::span<const Tick> ticks, std::uint32_t clock_rate, Position earliest) {
  assert(!ticks.empty() && clock_rate != 0);
  const Tick& first = ticks.front();
  if (clock_rate == clock_rate_) {
    const double expected = place(extended(first.timestamp)) * kNsPerSecond / call_rate_;
    const Duration shift =
        undelayed(ticks) - origin_ - Duration(static_cast<Duration::rep>(expected));
    if (is_within(shift, kTolerance)) {
      advance(first);
      return false;
    }
  }
  clock_rate_ = clock_rate;
  anchor(ticks, earliest);
  last_ = first;
  last_extended_ = first.timestamp;
  first_extended_ = last_extended_;
  return true;
}

void StreamClock::set_rate(double rate) {
  rate_ = rate;
  ns_per_tick_ = kNsPerSecond / clock_rate_ * rate;
}

void StreamClock::anchor(std::span<const Tick> ticks, Position earliest) {
  const Tick& first = ticks.front();
  set_rate(1);
  line_ = line_of(first, undelayed(ticks));
  if (line_ != nullptr) set_rate(line_->rate);
  Timestamp here = undelayed(ticks);
  if (line_ != nullptr) {
    const Timestamp there = moment(*line_, first);
    const bool agree = is_within(there - here, kTolerance);
    if (agree && (is_corrected() || !is_within(there - here, kSameMoment))) here = there;
  }
  first_place_ = to_seconds(here - origin_) * call_rate_;
  first_position_ = arrival_position(here);
  if (elder_ != nullptr && elder_->clock_rate_ == clock_rate_) {
    const std::int64_t extended = elder_->extended(first.timestamp);
    const double by_elder = elder_->place(extended);
    if (std::fabs(by_elder - first_place_) <= to_seconds(kTolerance) * call_rate_) {
      set_rate(elder_->rate_);
      first_place_ = by_elder;
      first_position_ = elder_->position_of(extended);
    }
  }
  first_place_ = std::max(first_place_, static_cast<double>(earliest));
  first_position_ = std::max(first_position_, earliest);
}

Timestamp StreamClock::moment(const ClockLine& line, const Tick& tick) const {
  constexpr double kWrap = 4294967296.0;
  const double ns_per_tick = kNsPerSecond / line.clock_rate * line.rate;
  const double about = static_cast<double>((tick.arrival - line.undelayed).count()) / ns_per_tick;
  const auto ticks = static_cast<double>(tick.timestamp - line.timestamp);
  const double wraps = std::round((about - ticks) / kWrap);
  return line.undelayed +
         Duration(static_cast<Duration::rep>(std::llround((ticks + wraps * kWrap) * ns_per_tick)));
}

const ClockLine* StreamClock::line_of(const Tick& tick, Timestamp undelayed) const {
  const ClockLine* nearest = nullptr;
  Duration least = Duration::max();
  for (const ClockLine& line : lines()) {
    const bool here = tick.arrival >= line.from - kUnseen && tick.arrival <= line.to + kUnseen;
    if (!here || line.clock_rate != clock_rate_) continue;
    const Duration off = moment(line, tick) - undelayed;
    const Duration distance = std::max(off, -off);
    if (nearest != nullptr && distance >= least) continue;
    nearest = &line;
    least = distance;
  }
  return nearest;
}

Position StreamClock::advance(const Tick& tick) {
  last_extended_ = extended(tick.timestamp);
  last_ = tick;
  turn(tick);
  return position_of(last_extended_);
}

void StreamClock::turn(const Tick& tick) {
  while (line_ != nullptr && line_ != &lines().back() && line_[1].goes_on) {
    const auto into = static_cast<std::int32_t>(tick.timestamp - line_[1].timestamp);
    if (into < 0) return;
    ++line_;
    const std::int64_t begins = last_extended_ - into;
    first_place_ = place(begins);
    first_extended_ = begins;
    set_rate(line_->rate);
  }
}

Position StreamClock::position_of(std::int64_t extended_timestamp) const {
  if (is_corrected()) return static_cast<Position>(std::floor(place(extended_timestamp)));
  const std::int64_t ticks = extended_timestamp - first_extended_;
  const std::int64_t scaled = ticks * call_rate_;
  // Rounded down also before the segment's start.
  const std::int64_t whole = scaled / clock_rate_ - (scaled % clock_rate_ < 0 ? 1 : 0);
  return first_position_ + whole;
}

double StreamClock::place(std::int64_t extended_timestamp) const {
  const auto ticks = static_cast<double>(extended_timestamp - first_extended_);
  const double from = is_corrected() ? first_place_ : static_cast<double>(first_position_);
  return from + ticks * step(clock_rate_);
}

Position StreamClock::length(std::int64_t ticks) const {
  if (!is_corrected()) return ticks * call_rate_ / clock_rate_;
  return static_cast<Position>(static_cast<double>(ticks) * step(clock_rate_));
}

Position StreamClock::arrival_position(Timestamp arrival) const {
  const double samples = to_seconds(arrival - origin_) * call_rate_;
  return static_cast<Position>(samples < 0 ? samples - 1 : samples);
}

}  // namespace koegura::decode
