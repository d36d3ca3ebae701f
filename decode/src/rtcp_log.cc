#include "rtcp_log.h"

#include <algorithm>

#include "capture/packet.h"
#include "capture/rtp.h"

namespace koegura::decode {
namespace {

// The log of an SSRC and an address, made if there is room. Null: there is none.
template <typename Log>
Log* log_of(std::vector<Log>& logs, std::uint32_t ssrc, const capture::IpAddress& address) {
  for (Log& log : logs) {
    if (log.ssrc == ssrc && log.address == address) return &log;
  }
  if (logs.size() >= RtcpLog::kMaxLogs) return nullptr;
  Log& log = logs.emplace_back();
  log.ssrc = ssrc;
  log.address = address;
  return &log;
}

bool says_nothing(const SentLog& log) {
  return log.reports.empty();
}
// Metrics may come alone (RFC 5506).
bool says_nothing(const ReceivedLog& log) {
  return log.reports.empty() && !log.voip;
}

template <typename Log>
const Log* find_log(const std::vector<Log>& logs, std::uint32_t ssrc,
                    const capture::IpAddress& address) {
  const Log* other = nullptr;
  bool ambiguous = false;
  for (const Log& log : logs) {
    if (log.ssrc != ssrc || says_nothing(log)) continue;
    if (log.address == address) return &log;
    ambiguous = other != nullptr;
    other = &log;
  }
  return ambiguous ? nullptr : other;
}

template <typename Report>
void append_thinned(std::vector<Report>& reports, const Report& report) {
  if (reports.size() >= RtcpLog::kMaxReports) {
    for (std::size_t i = 0; 2 * i < reports.size(); ++i) reports[i] = reports[2 * i];
    reports.resize(reports.size() / 2);
  }
  reports.push_back(report);
}

}  // namespace

Result<RtcpLog> RtcpLog::read(const capture::FinishedCall& call) {
  RtcpLog log;
  capture::SpoolReader reader(call.signalling);
  capture::SpooledPacket spooled;
  while (true) {
    const Result<bool> more = reader.next(spooled);
    if (!more) return tl::make_unexpected(more.error());
    if (!*more) return log;
    const auto packet = capture::parse_ip(spooled.time, spooled.ip);
    const bool rtcp = packet && packet->transport == capture::Transport::kUdp &&
                      capture::looks_like_rtcp(packet->payload);
    if (!rtcp) continue;
    ++log.datagrams_;
    const auto reports = capture::parse_rtcp(packet->payload);
    if (reports) {
      log.add(spooled.time, packet->source.address, *reports);
    } else {
      ++log.unreadable_;
    }
  }
}

void RtcpLog::add(Timestamp at, const capture::IpAddress& from,
                  const capture::RtcpReports& reports) {
  for (const auto& report : reports.senders) add_sender(at, from, report);
  for (const auto& report : reports.receptions) add_reception(at, from, report);
  for (const auto& metrics : reports.voip_metrics) {
    if (ReceivedLog* log = log_of(received_, metrics.source, from)) log->voip = metrics;
  }
}

void RtcpLog::add_sender(Timestamp at, const capture::IpAddress& from,
                         const capture::SenderReport& report) {
  constexpr unsigned kMiddle = 16;
  SentLog* log = log_of(sent_, report.ssrc, from);
  if (log == nullptr) return;
  ++log->count;
  append_thinned(log->reports, {.at = at,
                                .packets = report.packets,
                                .ntp_middle = static_cast<std::uint32_t>(report.ntp >> kMiddle)});
}

void RtcpLog::add_reception(Timestamp at, const capture::IpAddress& from,
                            const capture::ReceptionReport& report) {
  ReceivedLog* log = log_of(received_, report.source, from);
  if (log == nullptr) return;
  ++log->count;
  append_thinned(log->reports, {.at = at,
                                .lost = report.cumulative_lost,
                                .highest = report.highest_sequence,
                                .jitter = report.jitter});
  measure_round_trip(at, report, *log);
}

// RFC 3550 §6.4.1, figure 2, seen from here: the sender report passed, the receiver held it for a
// known time, and its answer passes now. No clock but ours is asked.
void RtcpLog::measure_round_trip(Timestamp at, const capture::ReceptionReport& report,
                                 ReceivedLog& log) const {
  constexpr double kUnitsPerMs = 65.536;
  constexpr double kMsPerSecond = 1e3;
  constexpr double kLongest = 10'000;  // beyond, one of the two is not what it says
  if (report.last_sender_report == 0) return;
  for (const SentLog& sent : sent_) {
    if (sent.ssrc != report.source) continue;
    const auto found = std::find_if(
        sent.reports.rbegin(), sent.reports.rend(),
        [&](const SentReport& one) { return one.ntp_middle == report.last_sender_report; });
    if (found == sent.reports.rend()) continue;
    const double ms = to_seconds(at - found->at) * kMsPerSecond - report.delay_since / kUnitsPerMs;
    if (ms < 0 || ms > kLongest) return;
    log.round_trips_ms += ms;
    ++log.round_trips;
    return;
  }
}

const SentLog* RtcpLog::sent(const capture::FinishedStream& stream) const {
  return find_log(sent_, stream.ssrc, stream.source.address);
}

const ReceivedLog* RtcpLog::received(const capture::FinishedStream& stream) const {
  return find_log(received_, stream.ssrc, stream.destination.address);
}

}  // namespace koegura::decode
