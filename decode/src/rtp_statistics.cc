#include "rtp_statistics.h"

#include <algorithm>
#include <cmath>

#include "e_model.h"

namespace koegura::decode {

void RtpStatistics::on_packet(const StreamPacket& packet) {
  at_sent_.on_packet(packet.arrival, highest_, packets_);
  at_received_.on_packet(packet.arrival, highest_, packets_);
  ++packets_;
  if (packets_ == 1) first_sequence_ = packet.sequence;
  if (!open_numbering_) {
    if (packets_ > 1) expected_before_ += highest_ - lowest_ + 1;
    lowest_ = highest_ = packet.sequence;
    open_numbering_ = true;
  } else if (packet.sequence > highest_) {
    highest_ = packet.sequence;
  } else {
    ++reordered_;
    lowest_ = std::min(lowest_, packet.sequence);
    first_sequence_ = std::min(first_sequence_, packet.sequence);
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
    if (difference < kRestartNs) {
      jitter_ns_ += (difference - jitter_ns_) / 16;
    } else {
      delays_.restart();
    }
  } else {
    delays_.restart();
  }
  delays_.add(packet.arrival, packet.timestamp, clock);
  jitter_clock_ = clock;
  last_arrival_ = packet.arrival;
  last_timestamp_ = packet.timestamp;
}

std::uint32_t RtpStatistics::lost() const {
  if (packets_ == 0) return 0;
  const std::int64_t expected = expected_before_ + highest_ - lowest_ + 1;
  return static_cast<std::uint32_t>(std::max<std::int64_t>(0, expected - packets_));
}

double RtpStatistics::mos(const Codec* codec, double burst_ratio, double delay_ms) const {
  if (codec == nullptr || packets_ == 0) return 0;
  const double lost_percent = 100.0 * lost() / (static_cast<double>(lost()) + packets_);
  return mos_of_rating(rating_of({.equipment = codec->equipment_impairment,
                                  .loss_robustness = codec->loss_robustness,
                                  .lost_percent = lost_percent,
                                  .burst_ratio = burst_ratio,
                                  .delay_ms = delay_ms}));
}

}  // namespace koegura::decode
