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
  const std::int64_t frame_ticks = std::max<std::int64_t>(1, ticks_of(voice, frame));
  const Position frames = clock_.is_corrected() ? (clock_.last_extended() - expected_) / frame_ticks
                                                : (at - pieces_.end()) / frame;
  if (frames <= 0) return;
  concealed_from_ = pieces_.end();
  const Position lost = frames * frame;
  auto restored = static_cast<Position>(voice.decoder->restores(packet.payload));
  if (restored > lost || packet.misfit) restored = 0;
  const Position most = Position{call_rate_} * kMostGuessed_ms / 1000 - voice.guessed;
  for (Position left = std::min(lost - restored, most); left > 0; left -= frame)
    conceal_samples(voice, std::min(left, frame), {});
  if (restored == 0) return;
  // What comes next is what stands just before the packet.
  end_run();
  expected_ = clock_.last_extended() - ticks_of(voice, restored);
  pieces_.fill(clock_.position_of(expected_), PieceKind::kLoss);
  conceal_samples(voice, restored, packet.payload);
}

void StreamRenderer::conceal_samples(Voice& voice, Position samples, Bytes next) {
  const Position from = reached();
  overlap_ = 0;
  decoded_.clear();
  if (!voice.decoder->conceal(static_cast<std::size_t>(samples), next, decoded_)) return;
  if (next.empty()) voice.guessed += samples;
  running_ = &voice;
  emit(voice, decoded_.samples());
  pieces_.commit(PieceKind::kAudio);  // not placed: it was not on the wire
  expected_ += ticks_of(voice, samples);
  mark(next.empty() ? SpanKind::kConcealed : SpanKind::kRepaired, from, reached());
}

}  // namespace koegura::decode
