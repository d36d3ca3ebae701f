#include "record.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <tuple>
#include <vector>

#include "calendar.h"
#include "record_fax.h"
#include "record_links.h"
#include "record_quality.h"
#include "record_value.h"
#include "sha256.h"
#include "store/party.h"
#include "utf8.h"

namespace koegura::store {

namespace {

using capture::CallState;
using capture::FinishedCall;
using capture::ReleasedBy;
using decode::RenderedCall;
using decode::RenderedStream;

std::string_view name_of(CallState state) {
  switch (state) {
    case CallState::kAnswered:
      return "answered";
    case CallState::kMissed:
      return "missed";
    case CallState::kBusy:
      return "busy";
    case CallState::kCancelled:
      return "cancelled";
    case CallState::kFailed:
      return "failed";
    case CallState::kInterrupted:
      return "interrupted";
    case CallState::kMediaOnly:
      return "media-only";
  }
  return "";
}

std::string name_of(ReleasedBy by) {
  switch (by) {
    case ReleasedBy::kCaller:
      return "caller";
    case ReleasedBy::kCallee:
      return "callee";
    case ReleasedBy::kRecorder:
      return "recorder";
  }
  return "";
}

std::string_view name_of(decode::Digit::Via via) {
  switch (via) {
    case decode::Digit::Via::kRtpEvent:
      return "rtp-event";
    case decode::Digit::Via::kInfo:
      return "info";
    case decode::Digit::Via::kInband:
      return "inband";
  }
  return "";
}

void fill_times(CallRecord& record, const FinishedCall& call) {
  const auto wall = [&](Timestamp time) { return to_proto(wall_time(call, time)); };
  *record.mutable_start() = wall(call.start);
  if (call.ringing) *record.mutable_ringing() = wall(*call.ringing);
  if (call.early_media) *record.mutable_early_media() = wall(*call.early_media);
  if (call.answered) *record.mutable_answered() = wall(*call.answered);
  *record.mutable_end() = wall(call.end);
  record.set_duration_s(to_seconds(call.end - call.start));
  if (call.answered) record.set_talk_s(to_seconds(call.end - *call.answered));
  for (const capture::ClockStep& step : call.clock_steps) {
    CallClockStep& out = *record.add_clock_steps();
    out.set_at_s(to_seconds(step.at - call.start));
    out.set_by_s(to_seconds(step.by));
  }
}

void fill_stream(Stream& out, const RenderedStream& stream, const FinishedCall& call) {
  std::array<std::uint8_t, 4> ssrc{};
  for (unsigned i = 0; i < 4; ++i)
    ssrc[i] = static_cast<std::uint8_t>(stream.ssrc >> (24U - 8U * i));
  out.set_channel(side_name(stream.side));
  out.set_source(stream.source.to_string());
  out.set_destination(stream.destination.to_string());
  out.set_ssrc("0x" + hex(ssrc));
  out.set_codec(to_utf8(stream.codec));
  out.set_clock_rate(stream.clock_rate);
  out.set_packets(stream.packets);
  out.set_bytes(static_cast<double>(stream.bytes));
  out.set_lost(stream.lost);
  out.set_duplicates(stream.duplicates);
  out.set_reordered(stream.reordered);
  out.set_jitter_ms(figure(stream.jitter_ms));
  out.set_mos(figure(stream.mos));
  *out.mutable_first() = to_proto(wall_time(call, stream.first));
  *out.mutable_last() = to_proto(wall_time(call, stream.last));
  out.set_decrypted(!stream.encrypted);
  out.set_rendered(stream.rendered);
  out.set_srtp_suite(to_utf8(stream.srtp_suite));
  out.set_unauthenticated(stream.unauthenticated);
  out.set_clock_error_ppm(figure(stream.clock.error_ppm));
  out.set_clock_uncertainty_ppm(figure(stream.clock.uncertainty_ppm));
  out.set_clock_corrected_ms(figure(stream.clock.corrected_ms));
  fill_stream_quality(out, stream.quality);
}

void fill_timeline(CallRecord& record, const RenderedCall& rendered) {
  for (const decode::Span& span : rendered.spans) {
    Span& out = *record.add_spans();
    out.set_kind(std::string(decode::name_of(span.kind)));
    if (span.channel) out.set_channel(side_name(*span.channel));
    out.set_from_s(finite(span.from_s));
    out.set_to_s(finite(span.to_s));
    out.set_note(to_utf8(span.note));
    out.set_lost_by(std::string(decode::name_of(span.lost_by)));
  }
  for (const decode::Digit& digit : rendered.digits) {
    Digit& out = *record.add_digits();
    out.set_at_s(finite(digit.at_s));
    if (digit.digit != 0) out.set_digit(to_utf8(std::string_view(&digit.digit, 1)));
    out.set_channel(side_name(digit.channel));
    out.set_via(std::string(name_of(digit.via)));
    out.set_duration_s(finite(digit.duration_s));
  }
  if (rendered.digits_redacted) record.add_redacted("digits");
}

// A call without audio has no samples to vouch for: no duration and no hash.
void fill_audio(Audio& out, const decode::RenderedAudio& audio) {
  out.set_format("flac");
  out.set_channels(audio.channels);
  out.set_sample_rate(audio.sample_rate);
  if (!audio.flac || audio.sample_rate == 0) return;
  out.set_duration_s(static_cast<double>(audio.samples) / audio.sample_rate);
  out.set_sha256(hex(audio.sha256));
}

bool is_whole(const RenderedCall& rendered) {
  const FinishedCall& call = rendered.call;
  const bool has_beginning =
      call.state != CallState::kInterrupted && call.state != CallState::kMediaOnly;
  const bool has_end = call.release.code != 0;
  // Of a fax its pages count, not the packets: what was lost may have been said again.
  const bool has_media = std::all_of(
      rendered.streams.begin(), rendered.streams.end(), [](const RenderedStream& stream) {
        return stream.is_fax || (stream.rendered && stream.lost == 0);
      });
  const bool has_faxes = std::all_of(rendered.fax.faxes.begin(), rendered.fax.faxes.end(),
                                     [](const decode::Fax& fax) { return fax.complete; });
  const bool has_gap =
      std::any_of(rendered.spans.begin(), rendered.spans.end(), [](const auto& span) {
        return span.kind == decode::SpanKind::kLoss || span.kind == decode::SpanKind::kLate ||
               span.kind == decode::SpanKind::kConcealed ||
               span.kind == decode::SpanKind::kUndecodable;
      });
  return has_beginning && has_end && has_media && has_faxes && !has_gap && call.outages.empty();
}

void fill_quality(Quality& out, const RenderedCall& rendered) {
  double worst = 0;
  std::uint64_t lost = 0;
  std::uint64_t expected = 0;
  for (const RenderedStream& stream : rendered.streams) {
    if (!stream.rendered) continue;
    const double mos = figure(stream.mos);
    if (mos > 0) worst = worst > 0 ? std::min(worst, mos) : mos;
    lost += stream.lost;
    expected += std::uint64_t{stream.lost} + stream.packets;
  }
  out.set_mos(worst);
  if (expected > 0) {
    out.set_lost_pct(figure(100.0 * static_cast<double>(lost) / static_cast<double>(expected)));
  }
  out.set_complete(is_whole(rendered));
  out.set_capture_gaps(static_cast<std::uint32_t>(rendered.call.outages.size()));
  fill_call_quality(out, rendered.quality);
}

// Fields are separated by a byte that no SIP header holds.
std::string identity_bytes(const FinishedCall& call) {
  if (!call.call_id.empty()) return call.call_id + '\0' + call.from_tag;
  std::vector<std::tuple<std::string, std::string, std::uint32_t>> streams;
  for (const auto& stream : call.streams) {
    streams.emplace_back(stream.source.to_string(), stream.destination.to_string(), stream.ssrc);
  }
  std::sort(streams.begin(), streams.end());
  std::string bytes;
  for (const auto& [source, destination, ssrc] : streams) {
    bytes += '\0' + source + '\0' + destination + '\0' + std::to_string(ssrc);
  }
  return bytes;
}

}  // namespace

google::protobuf::Timestamp to_proto(Timestamp time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  google::protobuf::Timestamp out;
  out.set_seconds(seconds.time_since_epoch().count());
  out.set_nanos(static_cast<std::int32_t>((time - seconds).count()));
  return out;
}

Timestamp from_proto(const google::protobuf::Timestamp& time) {
  // Nanoseconds in 64 bits reach from 1678 to 2262; JSON's years go further.
  constexpr std::int64_t kReach = 9'200'000'000;
  const std::chrono::seconds seconds(std::clamp(std::int64_t{time.seconds()}, -kReach, kReach));
  return Timestamp(seconds + Duration(time.nanos()));
}

Ulid ulid_of(const FinishedCall& call) {
  const Sha256 digest = sha256(identity_bytes(call));
  std::array<std::uint8_t, Ulid::kTailSize> tail{};
  std::copy_n(digest.begin(), tail.size(), tail.begin());
  return make_ulid(wall_time(call, call.start), tail);
}

CallRecord make_record(const RenderedCall& rendered, const ArchiveOptions& options) {
  const FinishedCall& call = rendered.call;
  CallRecord record;
  record.set_id(ulid_of(call).text());
  record.set_conversation(record.id());
  record.set_call_id(to_utf8(call.call_id));
  record.set_state(std::string(name_of(call.state)));
  record.set_direction(direction_of(call, options));
  set_party(*record.mutable_caller(), call.caller, options.region);
  set_party(*record.mutable_callee(), call.callee, options.region);
  if (!call.answered_by.uri.empty() || !call.answered_by.user.empty()) {
    set_party(*record.mutable_answered_by(), call.answered_by, options.region);
  }
  fill_times(record, call);
  record.mutable_release()->set_code(call.release.code);
  record.mutable_release()->set_reason(to_utf8(call.release.reason));
  record.mutable_release()->set_by(name_of(call.release.by));
  record.mutable_release()->set_elsewhere(call.release.elsewhere);
  for (const RenderedStream& stream : rendered.streams) {
    fill_stream(*record.add_streams(), stream, call);
  }
  fill_timeline(record, rendered);
  fill_audio(*record.mutable_audio(), rendered.audio);
  fill_quality(*record.mutable_quality(), rendered);
  record.set_silent_because(to_utf8(rendered.silent_because));
  if (rendered.fax.packets.received + rendered.fax.packets.unreadable != 0) {
    fill_fax(*record.mutable_fax(), rendered.fax);
  }
  fill_links(record, rendered, options.region);
  return record;
}

}  // namespace koegura::store
