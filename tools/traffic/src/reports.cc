#include "reports.h"

#include <algorithm>
#include <cmath>

namespace koegura::traffic {

SentBook::Totals SentBook::until(Timestamp time) {
  for (; !ahead_.empty() && ahead_.front().at <= time; ahead_.pop_front()) {
    ++totals_.packets;
    totals_.bytes += ahead_.front().bytes;
  }
  return totals_;
}

// RFC 3550 §6.4.1, appendix A.8.
void Reception::measure_jitter(const Arrival& arrival, double tick_ns) {
  if (now_.received != 0) {
    const auto ticks = static_cast<std::int32_t>(arrival.timestamp - last_.timestamp);
    const double passed = static_cast<double>((arrival.at - last_.at).count()) / tick_ns;
    jitter_ += (std::fabs(passed - ticks) - jitter_) / 16;
  }
  last_ = arrival;
}

Reception::Block Reception::block(Timestamp until, double tick_ns) {
  for (; !packets_.empty() && packets_.front().at <= until; packets_.pop_front()) {
    measure_jitter(packets_.front(), tick_ns);
    ++now_.received;
    now_.highest = std::max(now_.highest, packets_.front().packet);
  }
  for (; !reports_.empty() && reports_.front().at <= until; reports_.pop_front()) {
    now_.last_sender_report = reports_.front().ntp_middle;
    now_.reported = reports_.front().at;
  }
  if (now_.received == 0) return now_;
  // RFC 3550 appendix A.3.
  const std::uint32_t expected = now_.highest + 1;
  now_.cumulative_lost = expected - now_.received;
  const std::uint32_t expected_since = expected - expected_before_;
  const auto lost_since = static_cast<std::int32_t>(now_.cumulative_lost - lost_before_);
  const bool lost = expected_since != 0 && lost_since > 0;
  now_.fraction_lost = static_cast<std::uint8_t>(
      lost ? std::min<std::uint32_t>(255,
                                     static_cast<std::uint32_t>(lost_since) * 256 / expected_since)
           : 0);
  now_.jitter = static_cast<std::uint32_t>(jitter_);
  expected_before_ = expected;
  lost_before_ = now_.cumulative_lost;
  return now_;
}

}  // namespace koegura::traffic
