#include "stream_clock.h"

#include <algorithm>
#include <cassert>

namespace koegura::decode {

Duration StreamClock::disagreement(const Tick& before, const Tick& after) const {
  const auto ticks = static_cast<std::int32_t>(after.timestamp - before.timestamp);
  return (after.arrival - before.arrival) -
         Duration(static_cast<Duration::rep>(ticks * ns_per_tick_));
}

bool StreamClock::settle(std::span<const Tick> ticks, std::uint32_t clock_rate, Position earliest) {
  assert(!ticks.empty() && clock_rate != 0);
  const bool same_rate = clock_rate == clock_rate_;
  clock_rate_ = clock_rate;
  ns_per_tick_ = 1e9 / clock_rate;

  // When the first of them would have arrived on an idle network.
  const Tick& first = ticks.front();
  Duration delay = Duration::zero();  // of the first, below it
  for (std::size_t i = 1; i < ticks.size(); ++i) {
    const Duration step = disagreement(ticks[i - 1], ticks[i]);
    if (step > kBreak || step < -kBreak) break;
    delay = std::min(delay, disagreement(first, ticks[i]));
  }
  const Timestamp undelayed = first.arrival + delay;

  if (same_rate) {
    const auto expected = static_cast<double>(position(first.timestamp)) * 1e9 / call_rate_;
    const Duration shift = undelayed - origin_ - Duration(static_cast<Duration::rep>(expected));
    if (shift <= kTolerance && shift >= -kTolerance) {
      advance(first);
      return false;
    }
  }
  last_ = first;
  last_extended_ = first.timestamp;
  first_extended_ = last_extended_;
  first_position_ = std::max(earliest, anchor(first.timestamp, undelayed));
  return true;
}

Position StreamClock::anchor(std::uint32_t timestamp, Timestamp undelayed) const {
  const Position by_arrival = arrival_position(undelayed);
  if (elder_ == nullptr || elder_->clock_rate_ != clock_rate_) return by_arrival;
  const Position by_elder = elder_->position(timestamp);
  const auto tolerance = static_cast<Position>(to_seconds(kTolerance) * call_rate_);
  const bool agree = by_elder - by_arrival <= tolerance && by_arrival - by_elder <= tolerance;
  return agree ? by_elder : by_arrival;
}

Position StreamClock::advance(const Tick& tick) {
  last_extended_ = extended(tick.timestamp);
  last_ = tick;
  return position_of(last_extended_);
}

Position StreamClock::position_of(std::int64_t extended_timestamp) const {
  const std::int64_t ticks = extended_timestamp - first_extended_;
  const std::int64_t scaled = ticks * call_rate_;
  // Rounded down also before the segment's start.
  const std::int64_t whole = scaled / clock_rate_ - (scaled % clock_rate_ < 0 ? 1 : 0);
  return first_position_ + whole;
}

Position StreamClock::arrival_position(Timestamp arrival) const {
  const double samples = to_seconds(arrival - origin_) * call_rate_;
  return static_cast<Position>(samples < 0 ? samples - 1 : samples);
}

}  // namespace koegura::decode
