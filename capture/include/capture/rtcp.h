// RtcpReports: what one RTCP datagram says: a compound of sender and receiver reports, source
// descriptions and goodbyes (RFC 3550 §6), and extended reports (RFC 3611).
//
// The compound is read whole or refused whole, with the first defect: what follows a damaged packet
// has no known place, and SRTCP (RFC 3711 §3.4), whose first eight bytes are in clear, would
// otherwise be taken for wild numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "capture/defect.h"
#include "capture/frame.h"

namespace koegura::capture {

// RFC 3550 §6.4.1: what `ssrc` has sent so far.
struct SenderReport {
  std::uint32_t ssrc = 0;
  std::uint64_t ntp = 0;  // the sender's clock, 32.32 seconds since 1900
  std::uint32_t rtp_timestamp = 0;
  std::uint32_t packets = 0;  // modulo 2^32, since it began with this SSRC
  std::uint32_t octets = 0;   // of payload
};

// RFC 3550 §6.4.1: what `reporter` has received of `source`.
struct ReceptionReport {
  std::uint32_t reporter = 0;
  std::uint32_t source = 0;
  std::uint8_t fraction_lost = 0;        // since the report before, in 256ths
  std::int32_t cumulative_lost = 0;      // since the beginning; copies count against it
  std::uint32_t highest_sequence = 0;    // extended by the receiver's count of cycles
  std::uint32_t jitter = 0;              // in ticks of the RTP clock
  std::uint32_t last_sender_report = 0;  // the middle 32 bits of its NTP time; 0: none was received
  std::uint32_t delay_since = 0;         // since it was received, in 1/65536 s
};

// RFC 3550 §6.5. Of several chunks of a source the last one counts.
struct SourceDescription {
  std::uint32_t ssrc = 0;
  std::string cname;  // as written, may be any bytes
  std::string tool;
};

// RFC 3611 §4.4.
struct ReceiverReferenceTime {
  std::uint32_t reporter = 0;
  std::uint64_t ntp = 0;
};

// One sub-block of RFC 3611 §4.5.
struct DelaySinceReceiverReport {
  std::uint32_t reporter = 0;
  std::uint32_t source = 0;  // the receiver whose reference time is meant
  std::uint32_t last_reference = 0;
  std::uint32_t delay_since = 0;  // in 1/65536 s
};

// RFC 3611 §4.6. What its flags say is not in the block is 0.
struct StatisticsSummary {
  std::uint32_t reporter = 0;
  std::uint32_t source = 0;
  std::uint16_t first_sequence = 0;  // reported on: from here
  std::uint16_t end_sequence = 0;    // to before this
  bool has_losses = false;
  bool has_duplicates = false;
  bool has_jitter = false;
  std::uint32_t lost = 0;
  std::uint32_t duplicates = 0;
  std::uint32_t mean_jitter = 0;  // in ticks of the RTP clock, as the next
  std::uint32_t max_jitter = 0;
};

// RFC 3611 §4.7, of the metrics those that are read here. kUnknown: the reporter cannot tell.
struct VoipMetrics {
  static constexpr std::uint8_t kUnknown = 127;
  std::uint32_t reporter = 0;
  std::uint32_t source = 0;
  std::uint8_t loss_rate = 0;                  // in 256ths, by the network
  std::uint8_t discard_rate = 0;               // in 256ths, by the jitter buffer
  std::uint16_t round_trip_ms = 0;             // 0: not measured
  std::uint16_t end_system_ms = 0;             // of the reporter itself: jitter buffer, codec
  std::uint8_t r_factor = kUnknown;            // 0 to 100
  std::uint8_t mos_listening = kUnknown;       // in tenths
  std::uint8_t mos_conversational = kUnknown;  // in tenths
};

struct RtcpReports {
  std::vector<SenderReport> senders;
  std::vector<ReceptionReport> receptions;
  std::vector<SourceDescription> descriptions;
  std::vector<std::uint32_t> goodbyes;  // SSRCs
  std::vector<ReceiverReferenceTime> reference_times;
  std::vector<DelaySinceReceiverReport> delays;
  std::vector<StatisticsSummary> summaries;
  std::vector<VoipMetrics> voip_metrics;
};

// Packets and blocks of other kinds (APP, feedback, loss run lengths) are passed over by their
// length. Also reads reduced-size RTCP (RFC 5506), which begins with any packet. Not for the hot
// path: it allocates.
[[nodiscard]] tl::expected<RtcpReports, Defect> parse_rtcp(Bytes datagram);

}  // namespace koegura::capture
