#include "decode/renderer.h"

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "call_assessment.h"
#include "call_rate.h"
#include "channel.h"
#include "channel_tones.h"
#include "clock_scout.h"
#include "decode/encoded_flac.h"
#include "digit_list.h"
#include "digit_redaction.h"
#include "fax_reader.h"
#include "flac_encoder.h"
#include "level_envelope.h"
#include "outage_map.h"
#include "rtcp_log.h"
#include "sample_hash.h"
#include "speech_meter.h"
#include "storyline.h"
#include "stream_renderer.h"
#include "waveform.h"

namespace koegura::decode {
namespace {

using capture::CallState;
using capture::FinishedCall;

// A payload's arrival in its sketch is so far behind its place in the call, at most, or before it.
constexpr double kLateInSketch_s = 0.5;
constexpr double kEarlyInSketch_s = 0.1;
constexpr Position kEndOfTime = std::numeric_limits<Position>::max();

// Where nobody saw the call begin, audio without an answer is no early media.
bool begins_before_answer(const FinishedCall& call) {
  return call.answered || call.ringing ||
         (call.state != CallState::kInterrupted && call.state != CallState::kMediaOnly);
}

using BothChannels = std::array<std::span<const Sample>, 2>;

// One call on its way through; lives for one render.
class CallRenderer {
 public:
  CallRenderer(const FinishedCall& call, const RenderOptions& options, std::uint32_t rate,
               const RtcpLog& rtcp)
      : call_(call),
        rate_(rate),
        rtcp_(rtcp),
        outages_(call, rate),
        redaction_(rate),
        notes_{.spans = {},
               .events = TelephoneEvents(call.start),
               .redaction = options.redact_digits ? &redaction_ : nullptr},
        tones_{ChannelTones(rate), ChannelTones(rate)},
        levels_{LevelEnvelope(call.start, rate), LevelEnvelope(call.start, rate)},
        speech_(rate, position(call.answered.value_or(call.start))),
        waveform_(rate),
        flac_(std::make_unique<EncodedFlac>(options.temporary_directory, options.memory_limit)) {
    for (std::size_t i = 0; i < call.streams.size(); ++i) {
      streams_.push_back(std::make_unique<StreamRenderer>(call, i, rate, outages_, notes_));
      watch_reports(*streams_.back(), rtcp);
    }
    channels_ = {make_channel(Side::kCaller), make_channel(Side::kCallee)};
  }

  Result<void> run();
  // What run found out. REQUIRES: run has succeeded.
  void deliver(RenderedCall& out);

 private:
  std::unique_ptr<Channel> make_channel(Side side);
  [[nodiscard]] Result<void> scout_clocks();
  [[nodiscard]] Result<void> render_block(FlacEncoder& encoder, Position to);
  [[nodiscard]] Result<void> end_sound(FlacEncoder& encoder);
  void redact_tones();
  [[nodiscard]] Result<void> encode_redacted(FlacEncoder& encoder,
                                             std::optional<DigitRedaction::Block> block);
  [[nodiscard]] Result<void> encode_block(FlacEncoder& encoder, const BothChannels& planes);
  void redact(RenderedCall& out);
  void redact_sketch(RenderedStream& stream) const;
  void note_early_media();
  void note_outages(bool has_audio);
  [[nodiscard]] std::string silent_because() const;
  [[nodiscard]] Position position(Timestamp time) const {
    return static_cast<Position>(to_seconds(time - call_.start) * rate_);
  }

  const FinishedCall& call_;
  std::uint32_t rate_;
  const RtcpLog& rtcp_;
  OutageMap outages_;
  DigitRedaction redaction_;
  CallNotes notes_;
  std::vector<std::unique_ptr<StreamRenderer>> streams_;
  std::array<std::unique_ptr<Channel>, 2> channels_;
  std::array<ChannelTones, 2> tones_;
  std::array<LevelEnvelope, 2> levels_;
  SpeechMeter speech_;
  Waveform waveform_;
  std::unique_ptr<EncodedFlac> flac_;
  SampleHash hash_;
  Position at_ = 0;  // rendered up to here
};

std::unique_ptr<Channel> CallRenderer::make_channel(Side side) {
  std::vector<StreamRenderer*> members;
  for (const auto& stream : streams_) {
    const bool here = stream->stream().side == side && stream->carries_audio();
    if (here) members.push_back(stream.get());
  }
  auto channel = std::make_unique<Channel>(side, rate_, outages_, std::move(members));
  if (begins_before_answer(call_)) {
    channel->watch_before(position(call_.answered.value_or(Timestamp::max())));
  }
  return channel;
}

Result<void> CallRenderer::scout_clocks() {
  for (const auto& stream : streams_) {
    Result<ClockLines> lines = scout_clock(call_, stream->stream());
    if (!lines) return tl::make_unexpected(lines.error());
    stream->know_clock(std::move(*lines));
  }
  // Of each side the stream with the most packets has the voice.
  std::array<const StreamRenderer*, 2> voice{};
  for (const auto& stream : streams_) {
    const StreamRenderer*& most = voice[static_cast<std::size_t>(stream->stream().side)];
    if (most == nullptr || stream->stream().packets > most->stream().packets) most = stream.get();
  }
  for (std::size_t i = 0; i < voice.size(); ++i) {
    if (voice[i] != nullptr) tones_[i].follow(voice[i]->clock_rate());
  }
  return {};
}

// A second at a time, so that memory does not grow with the call.
Result<void> CallRenderer::run() {
  if (Result<void> scouted = scout_clocks(); !scouted) return scouted;
  Result<std::unique_ptr<FlacEncoder>> encoder = FlacEncoder::create(rate_, 2, *flac_);
  if (!encoder) return tl::make_unexpected(encoder.error());
  bool over = false;
  while (!over) {
    Position to = at_ + rate_;
    for (const auto& channel : channels_) {
      if (Result<void> done = channel->advance(to); !done) return done;
    }
    if (channels_[0]->is_over() && channels_[1]->is_over()) {
      const Position end =
          std::max({position(call_.end), channels_[0]->end(), channels_[1]->end()});
      over = to >= end;
      to = std::min(to, end);
    }
    if (to > at_) {
      if (Result<void> done = render_block(**encoder, to); !done) return done;
    }
  }
  for (const auto& stream : streams_) {
    // Video and fax are read for their statistics only.
    if (Result<void> done = stream->advance(kEndOfTime); !done) return done;
  }
  if (Result<void> done = end_sound(**encoder); !done) return done;
  return (*encoder)->finish();
}

Result<void> CallRenderer::render_block(FlacEncoder& encoder, Position to) {
  const BothChannels planes = {channels_[0]->render(at_, to, notes_.spans),
                               channels_[1]->render(at_, to, notes_.spans)};
  const Position from = std::exchange(at_, to);
  for (std::size_t i = 0; i < planes.size(); ++i) tones_[i].add(planes[i]);
  if (notes_.redaction == nullptr) return encode_block(encoder, planes);
  redact_tones();
  return encode_redacted(encoder, redaction_.exchange(from, planes));
}

Result<void> CallRenderer::end_sound(FlacEncoder& encoder) {
  for (ChannelTones& tones : tones_) tones.finish();
  if (notes_.redaction == nullptr) return {};
  redact_tones();
  return encode_redacted(encoder, redaction_.release());
}

// Those that are known by now, and what still sounds.
void CallRenderer::redact_tones() {
  for (const Side side : {Side::kCaller, Side::kCallee}) {
    tones_[static_cast<std::size_t>(side)].redact(redaction_, side, at_);
  }
}

Result<void> CallRenderer::encode_redacted(FlacEncoder& encoder,
                                           std::optional<DigitRedaction::Block> block) {
  if (!block) return {};
  const BothChannels planes = block->planes();
  const Position end = block->from + static_cast<Position>(planes[0].size());
  for (const auto& stream : streams_) stream->settle_redacted(end);
  return encode_block(encoder, planes);
}

Result<void> CallRenderer::encode_block(FlacEncoder& encoder, const BothChannels& planes) {
  for (std::size_t i = 0; i < planes.size(); ++i) levels_[i].add(planes[i]);
  speech_.add(planes);
  waveform_.add(planes);
  hash_.update(planes[0], planes[1]);
  return encoder.encode(planes);
}

// Audio stands where it would have come undelayed: that may be before the answer, though none of it
// came before.
void CallRenderer::note_early_media() {
  for (const Side side : {Side::kCaller, Side::kCallee}) {
    const auto& heard = channels_[static_cast<std::size_t>(side)]->heard_before();
    if (!heard) continue;
    Position came = kEndOfTime;
    for (const auto& stream : streams_) {
      const bool here = stream->stream().side == side && stream->carries_audio();
      if (here) came = std::min(came, position(stream->stream().first));
    }
    const Position from = std::max(heard->from, came);
    if (from >= heard->to) continue;
    notes_.spans.add(SpanKind::kEarlyMedia, side, static_cast<double>(from) / rate_,
                     static_cast<double>(heard->to) / rate_);
  }
}

// In the audio an outage is what is missing on both channels, and at its ends what is missing on
// one of them only.
void CallRenderer::note_outages(bool has_audio) {
  const std::string why = "the recorder was away";
  const auto add = [&](std::optional<Side> side, Position from, Position to) {
    notes_.spans.add(SpanKind::kOutage, side, static_cast<double>(from) / rate_,
                     static_cast<double>(to) / rate_, why);
  };
  if (!has_audio) {
    for (const auto& away : outages_.stretches()) add(std::nullopt, away.from, away.to);
    return;
  }
  std::array missed = {channels_[0]->missed(), channels_[1]->missed()};
  Position at = 0;
  while (!missed[0].empty() || !missed[1].empty()) {
    std::array<bool, 2> inside{};
    Position next = kEndOfTime;
    for (std::size_t i = 0; i < missed.size(); ++i) {
      if (missed[i].empty()) continue;
      inside[i] = missed[i].front().from <= at;
      next = std::min(next, inside[i] ? missed[i].front().to : missed[i].front().from);
    }
    if (inside[0] && inside[1]) {
      add(std::nullopt, at, next);
    } else if (inside[0] || inside[1]) {
      add(inside[0] ? Side::kCaller : Side::kCallee, at, next);
    }
    at = next;
    for (auto& stretches : missed) {
      if (!stretches.empty() && stretches.front().to <= at) stretches = stretches.subspan(1);
    }
  }
}

std::string CallRenderer::silent_because() const {
  const StreamRenderer* most = nullptr;
  for (const auto& stream : streams_) {
    if (stream->is_heard()) return {};
    if (most == nullptr || stream->stream().packets > most->stream().packets) most = stream.get();
  }
  return most == nullptr ? std::string() : most->silent_because();
}

// Digits keep their time.
void CallRenderer::redact(RenderedCall& out) {
  for (const Side side : {Side::kCaller, Side::kCallee}) {
    for (const DigitRedaction::Stretch& stretch : redaction_.stretches(side)) {
      notes_.spans.add(SpanKind::kRedacted, side, static_cast<double>(stretch.from) / rate_,
                       static_cast<double>(std::min(stretch.to, at_)) / rate_, "digits");
    }
  }
  for (const auto& stream : streams_) stream->settle_redacted(kEndOfTime);
  for (Digit& digit : out.digits) digit.digit = 0;
  out.digits_redacted = true;
}

// The hash of a payload that stands alone may be tried out.
void CallRenderer::redact_sketch(RenderedStream& stream) const {
  const auto is_digit = [&](const SketchEntry& entry) {
    const double at_s = entry.at_ms / 1000.0;
    return redaction_.touches(stream.side, static_cast<Position>((at_s - kLateInSketch_s) * rate_),
                              static_cast<Position>((at_s + kEarlyInSketch_s) * rate_));
  };
  std::vector<SketchEntry>& entries = stream.sketch;
  entries.erase(std::remove_if(entries.begin(), entries.end(), is_digit), entries.end());
}

void CallRenderer::deliver(RenderedCall& out) {
  const bool has_audio = at_ != 0;
  const double length_s =
      has_audio ? static_cast<double>(at_) / rate_ : to_seconds(call_.end - call_.start);
  note_early_media();
  for (const auto& channel : channels_) channel->finish(notes_.spans);
  note_outages(has_audio);
  add_signalled_spans(call_, length_s, notes_.spans);
  const std::array tones = {tones_[0].tones(), tones_[1].tones()};
  out.digits = digits_of(call_, notes_.events.digits(), {tones.data(), &tones[1]}, rate_);
  if (notes_.redaction != nullptr) redact(out);
  out.spans = notes_.spans.take();
  out.chapters = chapters_of(call_, length_s);
  assess({.call = call_, .rtcp = rtcp_, .speech = speech_.finish()}, streams_, out);
  if (notes_.redaction != nullptr) {
    for (RenderedStream& stream : out.streams) redact_sketch(stream);
  }
  out.silent_because = silent_because();
  if (!has_audio) return;
  out.audio.sample_rate = rate_;
  out.audio.samples = static_cast<std::uint64_t>(at_);
  out.audio.sha256 = hash_.finish();
  out.audio.flac = std::move(flac_);
  out.waveform = waveform_.take();
  out.levels = {levels_[0].take(), levels_[1].take()};
}

// T.38 has a numbering of its own, and no clock.
void count_fax_packets(RenderedCall& out) {
  for (std::size_t i = 0; i < out.fax.streams.size(); ++i) {
    RenderedStream& stream = out.streams[i];
    if (!stream.is_fax) continue;
    stream.lost = out.fax.streams[i].lost;
    stream.duplicates += out.fax.streams[i].duplicates;
    stream.reordered = 0;
    stream.jitter_ms = 0;
  }
}

bool has_media(const FinishedCall& call) {
  return std::any_of(call.streams.begin(), call.streams.end(),
                     [](const capture::FinishedStream& stream) { return stream.packets != 0; });
}

}  // namespace

Result<RenderedCall> render(FinishedCall&& call, const RenderOptions& options) {
  RenderedCall rendered;
  const Result<std::uint32_t> rate = call_rate(call);
  if (!rate) return tl::make_unexpected(rate.error());
  const Result<RtcpLog> rtcp = RtcpLog::read(call);
  if (!rtcp) return tl::make_unexpected(rtcp.error());
  Result<FaxDocument> fax = read_faxes(call);
  if (!fax) return tl::make_unexpected(fax.error());
  rendered.fax = std::move(*fax);
  CallRenderer renderer(call, options, *rate, *rtcp);
  if (has_media(call)) {
    if (Result<void> done = renderer.run(); !done) return tl::make_unexpected(done.error());
  }
  renderer.deliver(rendered);
  count_fax_packets(rendered);
  rendered.call = std::move(call);
  return rendered;
}

}  // namespace koegura::decode
