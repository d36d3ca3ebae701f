#include "call_assessment.h"

#include <algorithm>
#include <array>
#include <vector>

#include "loss_verdict.h"

namespace koegura::decode {
namespace {

using capture::CallState;
using capture::FinishedCall;
using capture::MediaDirection;
using capture::NegotiatedMedia;
using Streams = std::span<const std::unique_ptr<StreamRenderer>>;

template <typename Report>
std::vector<Timestamp> moments_of(const std::vector<Report>& reports) {
  std::vector<Timestamp> moments;
  moments.reserve(reports.size());
  for (const Report& report : reports) moments.push_back(report.at);
  return moments;
}

StreamReports reports_of(const capture::FinishedStream& stream, std::uint32_t clock_rate,
                         const RtcpLog& rtcp) {
  constexpr double kMsPerSecond = 1e3;
  constexpr double kTenths = 10;
  constexpr double kPercentPer256th = 100.0 / 256;
  StreamReports out;
  if (const SentLog* sent = rtcp.sent(stream)) {
    out.sender_reports = sent->count;
    out.packets_sent = sent->reports.back().packets;
  }
  const ReceivedLog* received = rtcp.received(stream);
  if (received == nullptr) return out;
  out.reception_reports = received->count;
  if (!received->reports.empty()) {
    const ReceivedReport& last = received->reports.back();
    out.lost = last.lost;
    if (clock_rate != 0) out.jitter_ms = last.jitter * kMsPerSecond / clock_rate;
  }
  if (received->round_trips != 0) {
    out.round_trip_ms = received->round_trips_ms / received->round_trips;
  }
  if (!received->voip) return out;
  const capture::VoipMetrics& voip = *received->voip;
  if (voip.mos_listening != capture::VoipMetrics::kUnknown) {
    out.mos = voip.mos_listening / kTenths;
  }
  out.lost_pct = voip.loss_rate * kPercentPer256th;
  out.discarded_pct = voip.discard_rate * kPercentPer256th;
  return out;
}

LossShares judge(StreamRenderer& stream, const AssessedCall& assessed) {
  LossEvidence evidence;
  if (stream.statistics().packets() == 0) return {};
  if (const SentLog* sent = assessed.rtcp.sent(stream.stream())) evidence.sent = sent->reports;
  if (const ReceivedLog* received = assessed.rtcp.received(stream.stream())) {
    evidence.received = received->reports;
  }
  evidence.at_sent = stream.statistics().at_sent().marks();
  evidence.at_received = stream.statistics().at_received().marks();
  evidence.first_sequence = stream.statistics().first_sequence();
  evidence.from_the_beginning = assessed.call.state != CallState::kInterrupted &&
                                assessed.call.state != CallState::kMediaOnly &&
                                assessed.call.outages.empty();
  return judge_losses(evidence, stream.losses().runs());
}

StreamQuality quality_of(StreamRenderer& stream, const RenderedStream& summary,
                         const AssessedCall& assessed) {
  constexpr double kMost = 0.95;
  StreamQuality quality;
  const DelayVariation& delays = stream.statistics().delays();
  quality.burst_ratio = stream.losses().burst_ratio(summary.packets);
  quality.longest_loss = stream.losses().longest();
  quality.delay_variation_p50_ms = delays.percentile(0.5);
  quality.delay_variation_p95_ms = delays.percentile(kMost);
  quality.delay_variation_max_ms = delays.max_ms();
  quality.losses = judge(stream, assessed);
  quality.reports = reports_of(stream.stream(), summary.clock_rate, assessed.rtcp);
  return quality;
}

// From mouth to ear, one way: what telephones add (a packet's time, jitter buffers), and half of
// the network's round trip; 40 ms of network where nobody measured it.
double delay_of(const std::optional<double>& round_trip_ms) {
  constexpr double kTelephonesMs = 60;
  constexpr double kUsualNetworkMs = 40;
  return kTelephonesMs + (round_trip_ms ? *round_trip_ms / 2 : kUsualNetworkMs);
}

// To each end and back, added up: of each side the stream with the most reports.
std::optional<double> round_trip_of(Streams streams, const RtcpLog& rtcp) {
  std::array<const ReceivedLog*, 2> best{};
  for (const auto& stream : streams) {
    const ReceivedLog* log = rtcp.received(stream->stream());
    if (log == nullptr || log->round_trips == 0) continue;
    const ReceivedLog*& known = best[static_cast<std::size_t>(stream->stream().side)];
    if (known == nullptr || log->round_trips > known->round_trips) known = log;
  }
  if (best[0] == nullptr || best[1] == nullptr) return std::nullopt;
  return best[0]->round_trips_ms / best[0]->round_trips +
         best[1]->round_trips_ms / best[1]->round_trips;
}

void add_speech(const CallSpeech& speech, Streams streams, RenderedCall& out) {
  for (std::size_t side = 0; side < speech.channels.size(); ++side) {
    std::size_t most = streams.size();
    for (std::size_t i = 0; i < streams.size(); ++i) {
      const bool here = static_cast<std::size_t>(streams[i]->stream().side) == side;
      if (!here || !streams[i]->is_heard()) continue;
      if (most == streams.size() || streams[i]->heard() > streams[most]->heard()) most = i;
    }
    if (most == streams.size()) continue;
    const ChannelSpeech& channel = speech.channels[side];
    StreamQuality& quality = out.streams[most].quality;
    quality.level_dbov = channel.level_dbov;
    quality.talk_s = channel.talk_s;
    quality.clipping = channel.clipping;
    if (speech.length_s > 0) quality.silence_ratio = 1 - channel.talk_s / speech.length_s;
  }
}

// Both sides said at some time that they would send and receive in clear.
bool is_two_way(const FinishedCall& call) {
  std::array<bool, 2> open{};
  for (const NegotiatedMedia& media : call.media) {
    const bool voice = media.kind == capture::MediaKind::kAudio && !media.candidate;
    const bool both_ways = media.direction == MediaDirection::kSendRecv && !media.encrypted;
    if (voice && both_ways) open[static_cast<std::size_t>(media.side)] = true;
  }
  return open[0] && open[1];
}

std::optional<Side> one_way_of(const FinishedCall& call, const RenderedCall& out) {
  constexpr Duration kShortest = std::chrono::seconds(2);  // a first packet may take its time
  if (!call.answered || call.end - *call.answered < kShortest || !is_two_way(call)) return {};
  std::array<bool, 2> came{};
  std::array<bool, 2> heard{};
  for (const RenderedStream& stream : out.streams) {
    const auto side = static_cast<std::size_t>(stream.side);
    came[side] = came[side] || stream.packets != 0;
    heard[side] = heard[side] || stream.rendered;
  }
  for (const Side side : {Side::kCaller, Side::kCallee}) {
    const auto index = static_cast<std::size_t>(side);
    if (!came[index] && heard[1 - index]) return side;
  }
  return {};
}

// Who lost all of what is missing between these; nobody if they are several.
LostBy common_cause(std::span<const LossRun> runs, double from_s, double to_s) {
  constexpr double kSame = 1e-6;
  auto run = std::partition_point(runs.begin(), runs.end(),
                                  [&](const LossRun& one) { return one.to_s <= from_s + kSame; });
  if (run == runs.end() || run->from_s >= to_s - kSame) return LostBy::kUnknown;
  const LostBy by = run->lost_by;
  for (; run != runs.end() && run->from_s < to_s - kSame; ++run) {
    if (run->lost_by != by) return LostBy::kUnknown;
  }
  return by;
}

// A gap is there because of the side's main stream: where others fill it, there is none.
void name_losers(Streams streams, std::vector<Span>& spans) {
  std::array<StreamRenderer*, 2> main{};
  for (const auto& stream : streams) {
    if (!stream->carries_audio()) continue;
    StreamRenderer*& known = main[static_cast<std::size_t>(stream->stream().side)];
    if (known == nullptr || stream->stream().packets > known->stream().packets) {
      known = stream.get();
    }
  }
  for (Span& span : spans) {
    if (span.kind != SpanKind::kLoss || !span.channel) continue;
    StreamRenderer* stream = main[static_cast<std::size_t>(*span.channel)];
    if (stream == nullptr) continue;
    span.lost_by = common_cause(stream->losses().runs(), span.from_s, span.to_s);
  }
}

}  // namespace

void watch_reports(StreamRenderer& stream, const RtcpLog& rtcp) {
  const SentLog* sent = rtcp.sent(stream.stream());
  const ReceivedLog* received = rtcp.received(stream.stream());
  stream.statistics().watch(
      sent == nullptr ? std::vector<Timestamp>() : moments_of(sent->reports),
      received == nullptr ? std::vector<Timestamp>() : moments_of(received->reports));
}

void assess(const AssessedCall& assessed, Streams streams, RenderedCall& out) {
  out.quality.round_trip_ms = round_trip_of(streams, assessed.rtcp);
  out.quality.rtcp_packets = assessed.rtcp.datagrams();
  out.quality.rtcp_unreadable = assessed.rtcp.unreadable();
  out.quality.double_talk_s = assessed.speech.double_talk_s;
  for (const auto& stream : streams) {
    RenderedStream summary = stream->summary(delay_of(out.quality.round_trip_ms));
    summary.quality = quality_of(*stream, summary, assessed);
    out.streams.push_back(std::move(summary));
  }
  add_speech(assessed.speech, streams, out);
  out.quality.one_way = one_way_of(assessed.call, out);
  name_losers(streams, out.spans);
}

}  // namespace koegura::decode
