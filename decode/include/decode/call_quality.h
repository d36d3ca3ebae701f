// StreamQuality, CallQuality: how a call's media came through, how it sounded, and who lost what is
// missing.
//
// Of RTP alone: RFC 3550, RFC 5481. Of what both ends said of it in RTCP: RFC 3550 §6, RFC 3611. Of
// the samples: ITU-T P.56, P.59. Speech figures are a channel's; they stand with the stream of it
// that is heard most.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "capture/finished_call.h"

namespace koegura::decode {

// Where packets that are missing here were lost.
enum class LostBy : std::uint8_t {
  kUnknown,  // no RTCP speaks of them, or it speaks of a part of them
  kNetwork,  // the receiver missed as many: between the sender and it
  kTap,      // the receiver had them: between the mirrored port and us
  kSender,   // numbers that were never sent: nothing was lost
};
[[nodiscard]] std::string_view name_of(LostBy by);  // "", "network", "tap", "sender"

// Packets, by where they were lost.
struct LossShares {
  std::uint32_t network = 0;
  std::uint32_t tap = 0;
  std::uint32_t sender = 0;
  std::uint32_t unknown = 0;
};

// What RTCP says of a stream.
struct StreamReports {
  std::uint32_t sender_reports = 0;     // how many there were
  std::uint32_t reception_reports = 0;  // how many there were
  std::uint32_t packets_sent = 0;       // the latest sender report's count
  std::int32_t lost = 0;                // the latest reception report's; copies count against it
  double jitter_ms = 0;                 // the receiver's, as it said last
  std::optional<double> round_trip_ms;  // from here to the receiver and back, on average
  // The receiver's own judgement (RFC 3611 §4.7), the latest.
  std::optional<double> mos;            // for listening
  std::optional<double> lost_pct;       // by the network
  std::optional<double> discarded_pct;  // by its jitter buffer: late for it
};

struct StreamQuality {
  double burst_ratio = 0;          // G.107 §7.8: 1 where losses are random; 0 without any
  std::uint32_t longest_loss = 0;  // packets in a row
  // Each packet's delay above the least in its ten seconds (RFC 5481 §4.2).
  double delay_variation_p50_ms = 0;
  double delay_variation_p95_ms = 0;
  double delay_variation_max_ms = 0;
  LossShares losses;
  StreamReports reports;
  // From the answer to the end of the call; of an unanswered call all of it.
  std::optional<double> level_dbov;     // while there is speech; nothing if there is none
  std::optional<double> silence_ratio;  // 0 to 1: time without speech
  double talk_s = 0;                    // time with speech; pauses below 0.2 s belong to it
  double clipping = 0;                  // 0 to 1: samples that stand at the largest value
};

struct CallQuality {
  double double_talk_s = 0;             // both speak at once
  std::optional<double> round_trip_ms;  // between caller and callee, by RTCP
  // The side of which not one packet came, though the call was answered, both sides would send and
  // receive, and the other one was heard.
  std::optional<capture::Side> one_way;
  std::uint32_t rtcp_packets = 0;     // datagrams
  std::uint32_t rtcp_unreadable = 0;  // of these; SRTCP is among them
};

}  // namespace koegura::decode
