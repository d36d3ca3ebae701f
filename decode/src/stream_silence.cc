// StreamRenderer: silence that the sender announced.
#include <algorithm>

#include "comfort_noise.h"
#include "stream_renderer.h"

namespace koegura::decode {

// All of it waits in memory for its block: a gap may be hours long.
constexpr Position kMostMadeInOne_s = 60;

void StreamRenderer::place_comfort_noise(const StreamPacket& packet) {
  const Position at = clock_.advance({.arrival = packet.arrival, .timestamp = packet.timestamp});
  end_run();
  close_hole(at, packet.outages);
  undecodable_ = nullptr;
  overlap_ = 0;
  silent_ = true;
  noise_ = packet.misfit ? std::uint8_t{0} : noise_level(packet.payload);
}

// Packets that were lost in it came last.
void StreamRenderer::keep_noise(Voice& voice, const StreamPacket& packet, Position at) {
  const Bytes silent_frame = voice.meaning->codec->silent_frame;
  if (silent_frame.empty() || decoded_kind_ != PieceKind::kNoise) return;
  if (packet.outages != placed_outages_) return;
  const Position frame = Position{voice.frame_samples} * call_rate_ / voice.meaning->audio_rate;
  const Position gap = at - missing_ * packet_length_ - pieces_.end();
  overlap_ = 0;
  running_ = &voice;
  const Position most = std::min(gap, kMostMadeInOne_s * call_rate_);
  for (Position left = most / frame; left > 0; --left) {
    decode_frame(voice, {.bytes = silent_frame, .kind = FrameKind::kNoise});
  }
  commit();
}

void StreamRenderer::switch_to(PieceKind kind) {
  if (decoded_kind_ == kind) return;
  pause_run();
  decoded_kind_ = kind;
}

void StreamRenderer::pause_run() {
  Voice* running = running_;
  commit();
  end_run();
  running_ = running;
}

}  // namespace koegura::decode
