#include "tsc_clock.h"

#include <algorithm>
#include <cmath>

#include "steady_stamps.h"

namespace koegura::capture {

namespace {

constexpr double kMostSlew = 0.005;
// Further off, a measured rate is no rate: the wall clock was set in between. EAL rounds hz to
// 10 MHz, which is 0.4 % of the slowest counters.
constexpr double kMostRateError = 0.01;
// The first measurements come after 10 ms, 20 ms, 40 ms ..., as hz is only about right.
constexpr std::uint64_t kFirstSpans = 100;

}  // namespace

TscClock::TscClock(std::uint64_t hz, Reading first)
    : nominal_rate_(1e9 / static_cast<double>(hz)),
      rate_(nominal_rate_),
      hz_(hz),
      span_(hz / kFirstSpans),
      measured_(first),
      told_(first.wall) {}

Timestamp TscClock::at(std::uint64_t tsc) const {
  const std::uint64_t ticks = ticks_since(tsc);
  const auto slewed = static_cast<double>(std::min(ticks, span_));
  return told_ +
         Duration(static_cast<Duration::rep>(static_cast<double>(ticks) * rate_ + slewed * slew_));
}

void TscClock::measure(Reading now) {
  const std::uint64_t ticks = ticks_since(now.tsc);
  if (ticks == 0) return;
  const double rate =
      static_cast<double>((now.wall - measured_.wall).count()) / static_cast<double>(ticks);
  const Timestamp ours = at(now.tsc);
  const Duration behind = now.wall - ours;
  const Duration since(static_cast<Duration::rep>(static_cast<double>(ticks) * nominal_rate_));
  span_ = std::min(span_ * 2, hz_);
  measured_ = now;
  if (is_step(behind, since)) {
    told_ = now.wall;
    slew_ = 0;
    return;
  }
  if (std::abs(rate / nominal_rate_ - 1) <= kMostRateError) rate_ = rate;
  told_ = ours;
  const double wanted = static_cast<double>(behind.count()) / static_cast<double>(span_);
  slew_ = std::clamp(wanted, -kMostSlew * rate_, kMostSlew * rate_);
}

}  // namespace koegura::capture
