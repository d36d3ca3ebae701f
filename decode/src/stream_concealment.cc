// StreamRenderer: what is heard in place of lost packets.
#include <algorithm>

#include "stream_renderer.h"

namespace koegura::decode {
namespace {

// A decoder's guess of what was lost is good for so long; beyond it there is silence.
constexpr Position kMostGuessed_ms = 60;

}  // namespace

// Only where the hole is of lost packets and the codec has the call's rate: a Resampler would smear
// the marks. A PlacedResampler tells each sample's place.
void StreamRenderer::conceal(Voice& voice, const StreamPacket& packet, Position at) {
  const Position frame = voice.frame_samples;
  if (missing_ == 0 || silent_ || frame == 0 || voice.resampler) return;
  if (packet.outages != placed_outages_) return;
  const std::int64_t frame_ticks = std::max<std::int64_t>(1, ticks_of(voice));
  const Position lost = clock_.is_corrected() ? (clock_.last_extended() - expected_) / frame_ticks
                                              : (at - pieces_.end()) / frame;
  if (lost <= 0) return;
  concealed_from_ = pieces_.end();
  const bool repeated = !packet.misfit && voice.decoder->repeats_previous(packet.payload);
  const Position most = (Position{call_rate_} * kMostGuessed_ms / 1000 - voice.guessed) / frame;
  for (Position left = std::min(lost - (repeated ? 1 : 0), most); left > 0; --left)
    conceal_frame(voice, {});
  if (!repeated) return;
  // What comes next is the frame just before the packet.
  end_run();
  expected_ = clock_.last_extended() - frame_ticks;
  pieces_.fill(clock_.position_of(expected_), PieceKind::kLoss);
  conceal_frame(voice, packet.payload);
}

void StreamRenderer::conceal_frame(Voice& voice, Bytes next) {
  const Position from = reached();
  overlap_ = 0;
  decoded_.clear();
  if (!voice.decoder->conceal(voice.frame_samples, next, decoded_)) return;
  voice.guessed += voice.frame_samples;
  running_ = &voice;
  emit(voice, decoded_.samples());
  pieces_.commit_audio();  // not placed: it was not on the wire
  expected_ += ticks_of(voice);
  mark(next.empty() ? SpanKind::kConcealed : SpanKind::kRepaired, from, reached());
}

}  // namespace koegura::decode
