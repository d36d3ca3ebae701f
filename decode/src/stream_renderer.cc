#include "stream_renderer.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "g726_packing.h"

namespace koegura::decode {
namespace {

// What cannot be read is taken for 20 ms a packet; packets this close are one stretch.
constexpr std::uint32_t kUnknownPerSecond = 50;
constexpr std::uint32_t kStretchSeconds = 1;
// A stream's last packets before an outage may not have been written yet, while those of another
// were; and the first after it comes a moment after the recorder.
constexpr Position kUnwrittenSeconds = 3;
constexpr Position kResumingPerSecond = 2;
// Where an event stands by its timestamp and where by its arrival, at most apart.
constexpr Position kEventJitterPerSecond = 2;

const std::string kMisfit = "RTP padding that does not fit its packet";

bool has_clock(const StreamPacket& packet) {
  return packet.meaning->role == PayloadRole::kAudio ||
         packet.meaning->role == PayloadRole::kComfortNoise;
}

StreamClock::Tick tick_of(const StreamPacket& packet) {
  return {.arrival = packet.arrival, .timestamp = packet.timestamp};
}

}  // namespace

StreamRenderer::StreamRenderer(const capture::FinishedCall& call, std::size_t index,
                               std::uint32_t call_rate, const OutageMap& outages, CallNotes& notes)
    : call_(call),
      stream_(call.streams[index]),
      index_(index),
      call_rate_(call_rate),
      outages_(outages),
      notes_(notes),
      formats_(call, stream_),
      packets_(call, stream_, formats_, outages),
      clock_(call.start, call_rate) {
  if (notes.redaction == nullptr) return;
  redacted_ = std::make_unique<RedactedPackets>(stream_.side, *notes.redaction, formats_);
  packets_.show_to(*redacted_);
}

Result<void> StreamRenderer::advance(Position until) {
  while (!over_ && pieces_.end() < until) {
    if (Result<void> stepped = step(); !stepped) return stepped;
  }
  return {};
}

Result<void> StreamRenderer::step() {
  while (true) {
    const Result<const StreamPacket*> front = packets_.front();
    if (!front) return tl::make_unexpected(front.error());
    note_late();
    if (*front == nullptr) {
      end_run();
      fill_end();
      over_ = true;
      return {};
    }
    const StreamPacket& packet = **front;
    const std::uint32_t clock_rate = packet.meaning->clock_rate;
    if (!has_clock(packet) || !clock_.is_suspicious(tick_of(packet), clock_rate)) {
      place(packet);
      packets_.pop();
      return {};
    }
    if (Result<void> settled = settle(clock_rate); !settled) return settled;
  }
}

Result<void> StreamRenderer::settle(std::uint32_t clock_rate) {
  if (Result<void> read = packets_.look_ahead(StreamClock::kObservation); !read) return read;
  const Result<const StreamPacket*> front = packets_.front();
  if (!front) return tl::make_unexpected(front.error());
  std::vector<StreamClock::Tick> ticks;
  for (const StreamPacket* packet = *front; packet != nullptr; packet = packets_.after(*packet)) {
    const bool same = has_clock(*packet) && packet->meaning->clock_rate == clock_rate;
    if (same) ticks.push_back(tick_of(*packet));
  }
  Voice* voice = running_;
  end_run();
  if (clock_.settle(ticks, clock_rate, pieces_.end())) {
    new_segment_ = true;
  } else if (voice != nullptr && !voice->resampler) {
    running_ = voice;  // late or early, the packet goes on from there
  }
  return {};
}

void StreamRenderer::place(const StreamPacket& packet) {
  missing_ += packet.sequence - last_sequence_ - 1;
  if (packets_.is_restart(packet) || packet.outages != last_outages_) missing_ = 0;
  last_sequence_ = packet.sequence;
  last_outages_ = packet.outages;
  if (packet.payload.empty()) return;  // keeps a NAT binding alive (RFC 6263 §4.1)
  if (packet.misfit) altered_ = true;
  switch (packet.meaning->role) {
    case PayloadRole::kAudio:
      return place_audio(packet);
    case PayloadRole::kComfortNoise:
      return place_comfort_noise(packet);
    case PayloadRole::kEvent:
      redact_event(packet);
      if (packet.misfit) return;
      return notes_.events.on_packet(index_, stream_.side, packet);
    case PayloadRole::kRedundant:  // it could not be taken apart
    case PayloadRole::kUndecodable:
      return place_undecodable(packet);
  }
}

void StreamRenderer::place_audio(const StreamPacket& packet) {
  Voice* voice = voice_of(*packet.meaning);
  if (voice == nullptr) return place_undecodable(packet);
  const Position at = clock_.advance(tick_of(packet));
  const std::int64_t timestamp = clock_.last_extended();
  if (running_ != voice || timestamp != expected_ || new_segment_) {
    const bool goes_on = running_ == voice && !new_segment_;
    end_run();
    if (goes_on) silent_ ? keep_noise(*voice, packet, at) : conceal(*voice, packet, at);
    end_run();
    close_hole(at, packet.outages);
  }
  placed_outages_ = packet.outages;
  running_ = voice;
  undecodable_ = nullptr;
  expected_ = timestamp;
  frames_.clear();
  const Position before = pieces_.end();
  if (packet.misfit) {
    noise_ = 0;
    fill_frame(*voice, PieceKind::kUndecodable, &kMisfit);
  } else if (voice->meaning->codec->depacketise(packet.meaning->format, packet.payload, frames_)) {
    for (const CodecFrame& frame : frames_.frames()) decode_frame(*voice, frame);
  } else {
    altered_ = true;
    noise_ = 0;
    fill_frame(*voice, PieceKind::kUndecodable, &packet.meaning->why);
  }
  commit();
  if (clock_.is_corrected()) {  // of what was placed, the resampler holds some back
    packet_length_ = clock_.length(expected_ - timestamp);
  } else if (pieces_.end() > before) {
    packet_length_ = pieces_.end() - before;
  }
  if (packet.repaired) mark(SpanKind::kRepaired, std::max(at, before), reached());
  if (redacted_) {
    const std::int64_t ticks = std::max<std::int64_t>(expected_ - timestamp, 1);
    // A packet that says earlier ones again is as telling as they are.
    const bool repeats = packet.misfit || voice->decoder->repeats_previous(packet.payload);
    const Position length = clock_.length(ticks);
    const Position from = at - clock_.length(packet.said_again) - (repeats ? length : 0);
    redacted_->placed(packet.number, from, at + length + 1);
  }
}

void StreamRenderer::mark(SpanKind kind, Position from, Position to) {
  altered_ = true;
  notes_.spans.add(kind, stream_.side, static_cast<double>(from) / call_rate_,
                   static_cast<double>(to) / call_rate_);
}

Position StreamRenderer::reached() const {
  return placed_resampler_.is_running() ? clock_.position_of(expected_) : pieces_.end();
}

// Its audio is gone as well: gateways put the tone beside the event, or the beginning of it.
void StreamRenderer::redact_event(const StreamPacket& packet) {
  const auto press = TelephoneEvents::read(packet);
  if (!press || notes_.redaction == nullptr) return;
  const auto duration = static_cast<Position>(press->duration_s * call_rate_);
  const Position arrived = clock_.arrival_position(packet.arrival);
  Position from = arrived - duration;
  if (clock_.is_running()) {
    // Its timestamp is that of its beginning, and has no jitter; if its clock is that of the audio.
    const Position at = clock_.position(packet.timestamp);
    if (std::abs(at - from) <= call_rate_ / kEventJitterPerSecond) from = at;
  }
  notes_.redaction->add(stream_.side, from, std::max(from + duration, arrived));
}

// Without a codec there may be no clock: arrival has to do.
void StreamRenderer::place_undecodable(const StreamPacket& packet) {
  const std::string* why = &packet.meaning->why;
  const Position at = clock_.arrival_position(packet.arrival);
  end_run();
  altered_ = true;
  if (undecodable_ != why || packet.outages != placed_outages_ ||
      at - pieces_.end() > Position{kStretchSeconds} * call_rate_) {
    fill_hole(at, missing_ > 0 ? PieceKind::kLoss : PieceKind::kNoMedia, packet.outages);
  }
  const Position from = std::max(at, pieces_.end());
  pieces_.fill(from + call_rate_ / kUnknownPerSecond, PieceKind::kUndecodable, why);
  if (redacted_) redacted_->placed(packet.number, at, at + call_rate_ / kUnknownPerSecond);
  undecodable_ = why;
  missing_ = 0;
}

void StreamRenderer::note_late() {
  for (const StreamPacket& packet : packets_.take_late()) {
    altered_ = true;
    if (!has_clock(packet) || !clock_.is_running()) continue;
    const Position place = clock_.position(packet.timestamp);
    if (redacted_) redacted_->placed(packet.number, place, place + call_rate_ / kUnknownPerSecond);
    const double at = static_cast<double>(place) / call_rate_;
    const double late_s = to_seconds(packet.arrival - clock_.origin()) - at;
    char note[48];
    std::snprintf(note, sizeof note, "arrived %.1f s late", late_s);
    notes_.spans.add(SpanKind::kLate, stream_.side, at, at + 1.0 / kUnknownPerSecond, note);
  }
}

void StreamRenderer::close_hole(Position at, std::size_t outages) {
  overlap_ = std::max<Position>(0, pieces_.end() - at);
  if (new_segment_) {
    fill_hole(at, missing_ > 0 ? PieceKind::kLoss : PieceKind::kNoMedia, outages);
  } else if (missing_ > 0) {
    // In announced silence only the packets themselves are lost, and they came last.
    if (silent_) fill_hole(at - missing_ * packet_length_, PieceKind::kDtx, outages);
    fill_hole(at, PieceKind::kLoss, outages);
  } else {
    fill_hole(at, PieceKind::kDtx, outages);
  }
  new_segment_ = false;
  missing_ = 0;
}

void StreamRenderer::fill_hole(Position to, PieceKind kind, std::size_t outages) {
  const bool crossed = placed_outages_ != outages;
  if (kind == PieceKind::kLoss) {
    note_loss(std::exchange(concealed_from_, std::nullopt).value_or(pieces_.end()), to);
  }
  for (; placed_outages_ != outages; ++placed_outages_) {
    const OutageMap::Stretch& away = outages_.stretches()[placed_outages_];
    if (!is_cut_by(away)) pieces_.fill(std::min(to, away.from), kind);
    pieces_.fill(std::min(to, away.to), PieceKind::kOutage);
  }
  const bool resuming = crossed && to - pieces_.end() <= call_rate_ / kResumingPerSecond;
  if (resuming) kind = PieceKind::kOutage;
  pieces_.fill(to, kind, nullptr, kind == PieceKind::kDtx ? noise_ : std::uint8_t{0});
}

// The packets before the one that is being placed.
void StreamRenderer::note_loss(Position from, Position to) {
  if (missing_ <= 0) return;
  losses_.add({.sequence = last_sequence_ - missing_,
               .packets = missing_,
               .from_s = static_cast<double>(from) / call_rate_,
               .to_s = static_cast<double>(std::max(from, to)) / call_rate_});
}

// It had begun, and was heard of until about then.
bool StreamRenderer::is_cut_by(const OutageMap::Stretch& away) const {
  const bool begun = placed_ != 0 || undecodable_ != nullptr;
  return begun && away.from - pieces_.end() <= kUnwrittenSeconds * call_rate_;
}

void StreamRenderer::fill_end() {
  if (last_outages_ == outages_.stretches().size()) return;
  const OutageMap::Stretch& away = outages_.stretches()[last_outages_];
  if (is_cut_by(away)) pieces_.fill(away.to, PieceKind::kOutage);
}

void StreamRenderer::end_run() {
  const bool placing = placed_resampler_.is_running();
  if (placing || (running_ != nullptr && running_->resampler)) {
    resampled_.clear();
    placing ? placed_resampler_.end(resampled_) : running_->resampler->flush(resampled_);
    emit_trimmed(resampled_.samples());
    commit();
  }
  running_ = nullptr;
}

void StreamRenderer::decode_frame(Voice& voice, const CodecFrame& frame) {
  const PayloadMeaning& meaning = *voice.meaning;
  if (!frame.bytes.empty()) {
    const bool noise = frame.kind == FrameKind::kNoise;
    switch_to(noise ? PieceKind::kNoise : PieceKind::kAudio);
    noise_ = 0;
    const bool straight = !voice.resampler && overlap_ == 0 && !clock_.is_corrected();
    SampleBuffer& out = straight ? pieces_.samples() : decoded_;
    if (!straight) decoded_.clear();
    const std::size_t before = out.size();
    if (voice.decoder->decode(frame.bytes, out)) {
      voice.frame_samples = static_cast<std::uint32_t>(out.size() - before);
      voice.guessed = 0;
      if (!straight) emit(voice, decoded_.samples());
      silent_ = noise;
    } else {
      altered_ = true;
      fill_frame(voice, PieceKind::kUndecodable, &meaning.why);
    }
  } else {
    const bool lost = frame.kind == FrameKind::kLost;
    if (lost) noise_ = 0;
    if (frame.noise != 0) noise_ = frame.noise;
    fill_frame(voice, lost ? PieceKind::kLoss : PieceKind::kDtx);
    silent_ = silent_ || !lost;
  }
  expected_ += ticks_of(voice);
}

void StreamRenderer::emit(Voice& voice, std::span<const Sample> samples) {
  if (clock_.is_corrected()) return emit_placed(voice, samples);
  if (!voice.resampler) return emit_trimmed(samples);
  resampled_.clear();
  voice.resampler->convert(samples, resampled_);
  emit_trimmed(resampled_.samples());
}

// The sender's samples are not as long as ours.
void StreamRenderer::emit_placed(const Voice& voice, std::span<const Sample> samples) {
  altered_ = true;
  follows_clock_ = true;
  const double step = clock_.step(voice.meaning->audio_rate);
  if (placed_resampler_.is_running()) {
    placed_resampler_.turn(step);
  } else {
    overlap_ = std::max<Position>(0, pieces_.end() - clock_.position_of(expected_));
    placed_resampler_.begin(clock_.place(expected_), step);
  }
  resampled_.clear();
  placed_resampler_.convert(samples, resampled_);
  emit_trimmed(resampled_.samples());
}

void StreamRenderer::emit_trimmed(std::span<const Sample> samples) {
  const auto taken = std::min(static_cast<std::size_t>(overlap_), samples.size());
  if (taken != 0) altered_ = true;
  overlap_ -= static_cast<Position>(taken);
  pieces_.samples().append(samples.subspan(taken));
}

void StreamRenderer::commit() {
  const Position before = pieces_.end();
  pieces_.commit(decoded_kind_);
  if (decoded_kind_ == PieceKind::kAudio) placed_ += pieces_.end() - before;
}

void StreamRenderer::fill_frame(const Voice& voice, PieceKind kind, const std::string* note) {
  pause_run();
  const std::uint8_t noise = kind == PieceKind::kDtx ? noise_ : std::uint8_t{0};
  if (clock_.is_corrected()) {
    pieces_.fill(clock_.position_of(expected_ + ticks_of(voice)), kind, note, noise);
    return;
  }
  const Position length = Position{voice.frame_samples} * call_rate_ / voice.meaning->audio_rate;
  const Position taken = std::min(overlap_, length);
  overlap_ -= taken;
  pieces_.fill(pieces_.end() + length - taken, kind, note, noise);
}

StreamRenderer::Voice* StreamRenderer::voice_of(PayloadMeaning& meaning) {
  if (running_ != nullptr && running_->meaning == &meaning) return running_;
  for (const auto& voice : voices_) {
    if (voice->meaning == &meaning) return voice.get();
  }
  if (meaning.codec->bits_per_sample != 0) {
    meaning.codec = &packing_sent(*meaning.codec, call_, stream_, outages_);
  }
  const Codec& codec = *meaning.codec;
  auto voice = std::make_unique<Voice>();
  voice->meaning = &meaning;
  voice->decoder = codec.open(codec, meaning.format);
  voice->frame_samples =
      codec.frame_samples != 0 ? codec.frame_samples : meaning.audio_rate / kUnknownPerSecond;
  bool opened = voice->decoder != nullptr;
  if (opened && meaning.audio_rate != call_rate_) {
    voice->resampler = Resampler::create(meaning.audio_rate, call_rate_);
    opened = voice->resampler != nullptr;
    altered_ = true;
  }
  if (!opened) {
    meaning.role = PayloadRole::kUndecodable;
    meaning.why = "codec " + std::string(codec.name) + " with these parameters is not supported";
    return nullptr;
  }
  meaning.why = std::string(codec.name) + " payload that its decoder refuses";
  return voices_.emplace_back(std::move(voice)).get();
}

}  // namespace koegura::decode
