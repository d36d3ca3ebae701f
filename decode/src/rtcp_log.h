// RtcpLog: what both ends of each stream of a call said about it in RTCP, over time. The datagrams
// stand among the call's signalling.
//
// Bounded: per source and place 1,024 reports of each kind (of more, every second one is dropped:
// their counts are running totals), and 64 of these lists of each kind.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "capture/error.h"
#include "capture/finished_call.h"
#include "capture/rtcp.h"

namespace koegura::decode {

// A sender report as it passed here.
struct SentReport {
  Timestamp at;
  std::uint32_t packets = 0;
  std::uint32_t ntp_middle = 0;  // as a reception report names it
};

// A reception report as it passed here.
struct ReceivedReport {
  Timestamp at;
  std::int32_t lost = 0;
  std::uint32_t highest = 0;
  std::uint32_t jitter = 0;  // in ticks
};

// The reports that came from one address about one SSRC.
struct SentLog {
  std::uint32_t ssrc = 0;
  capture::IpAddress address;
  std::vector<SentReport> reports;  // in order of time
  std::uint32_t count = 0;
};

struct ReceivedLog {
  std::uint32_t ssrc = 0;
  capture::IpAddress address;
  std::vector<ReceivedReport> reports;  // in order of time
  std::uint32_t count = 0;
  double round_trips_ms = 0;  // their sum
  std::uint32_t round_trips = 0;
  std::optional<capture::VoipMetrics> voip;  // the latest
};

class RtcpLog {
 public:
  static constexpr std::size_t kMaxReports = 1024;
  static constexpr std::size_t kMaxLogs = 64;

  // Fails only if the spool cannot be read.
  [[nodiscard]] static Result<RtcpLog> read(const capture::FinishedCall& call);

  // One datagram's. Datagrams come in order of time.
  void add(Timestamp at, const capture::IpAddress& from, const capture::RtcpReports& reports);

  // Of this stream: what came from its source's address, or, if that never reported (NAT), from the
  // only other place. Null if nothing did.
  [[nodiscard]] const SentLog* sent(const capture::FinishedStream& stream) const;
  [[nodiscard]] const ReceivedLog* received(const capture::FinishedStream& stream) const;

  [[nodiscard]] std::uint32_t datagrams() const { return datagrams_; }
  [[nodiscard]] std::uint32_t unreadable() const { return unreadable_; }

 private:
  void add_sender(Timestamp at, const capture::IpAddress& from,
                  const capture::SenderReport& report);
  void add_reception(Timestamp at, const capture::IpAddress& from,
                     const capture::ReceptionReport& report);
  void measure_round_trip(Timestamp at, const capture::ReceptionReport& report,
                          ReceivedLog& log) const;

  std::vector<SentLog> sent_;
  std::vector<ReceivedLog> received_;
  std::uint32_t datagrams_ = 0;
  std::uint32_t unreadable_ = 0;
};

}  // namespace koegura::decode
