#include "rtp_statistics.h"

#include <algorithm>
#include <cmath>

namespace koegura::decode {

void RtpStatistics::on_packet(const StreamPacket& packet) {
  ++packets_;
  if (!open_numbering_) {
    if (packets_ > 1) expected_before_ += highest_ - lowest_ + 1;
    lowest_ = highest_ = packet.sequence;
    open_numbering_ = true;
  } else if (packet.sequence > highest_) {
    highest_ = packet.sequence;
  } else {
    ++reordered_;
    lowest_ = std::min(lowest_, packet.sequence);
  }
  measure_jitter(packet);
}

// RFC 3550 §6.4.1. Events repeat their timestamp on purpose (RFC 4733 §2.5.1.3) and do not count.
void RtpStatistics::measure_jitter(const StreamPacket& packet) {
  constexpr double kRestartNs = 1e9;  // not jitter, but another clock or a pause
  const std::uint32_t clock = packet.meaning->clock_rate;
  if (clock == 0 || packet.meaning->role == PayloadRole::kEvent) return;
  if (clock == jitter_clock_) {
    const auto ticks = static_cast<std::int32_t>(packet.timestamp - last_timestamp_);
    const auto passed = static_cast<double>((packet.arrival - last_arrival_).count());
    const double difference = std::fabs(passed - ticks * (1e9 / clock));
    if (difference < kRestartNs) jitter_ns_ += (difference - jitter_ns_) / 16;
  }
  jitter_clock_ = clock;
  last_arrival_ = packet.arrival;
  last_timestamp_ = packet.timestamp;
}

std::uint32_t RtpStatistics::lost() const {
  if (packets_ == 0) return 0;
  const std::int64_t expected = expected_before_ + highest_ - lowest_ + 1;
  return static_cast<std::uint32_t>(std::max<std::int64_t>(0, expected - packets_));
}

double RtpStatistics::mos(const Codec* codec) const {
  constexpr double kBestRating = 93.2;  // G.107 §7.7, all parameters at their defaults
  constexpr double kDelayMs = 100;      // assumed, one way: we hear at one point only
  constexpr double kImpairmentPerMs = 0.024;
  if (codec == nullptr || packets_ == 0) return 0;
  const double lost_percent = 100.0 * lost() / (static_cast<double>(lost()) + packets_);
  const double impairment =
      codec->equipment_impairment +
      (95 - codec->equipment_impairment) * lost_percent / (lost_percent + codec->loss_robustness);
  const double r = kBestRating - kDelayMs * kImpairmentPerMs - impairment;
  if (r <= 0) return 1;
  return std::clamp(1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6, 1.0, 4.5);
}

}  // namespace koegura::decode
