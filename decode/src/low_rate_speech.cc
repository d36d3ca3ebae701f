// G.729 (RFC 3551 §4.5.6), G.723.1 (§4.5.3), GSM (§4.5.8): fixed frames, back to back.
#include "payload_formats.h"

namespace koegura::decode {
namespace {

bool add_frames(Bytes payload, std::size_t frame_bytes, FrameList& frames) {
  if (payload.empty() || payload.size() % frame_bytes != 0) return false;
  for (; !payload.empty(); payload = payload.subspan(frame_bytes)) {
    if (!frames.add(payload.first(frame_bytes))) return false;
  }
  return true;
}

}  // namespace

// Ten-byte frames; annex B's two-byte silence descriptor may stand alone or last.
bool depacketise_g729(const MediaFormat& /*format*/, Bytes payload, FrameList& frames) {
  constexpr std::size_t kFrame = 10;
  constexpr std::size_t kSilenceDescriptor = 2;
  const std::size_t rest = payload.size() % kFrame;
  if (rest != 0 && rest != kSilenceDescriptor) return false;
  const Bytes speech = payload.first(payload.size() - rest);
  if (!speech.empty() && !add_frames(speech, kFrame, frames)) return false;
  return rest == 0 ? !speech.empty() : frames.add({}, FrameKind::kSilence);
}

// The two low bits of a frame's first byte say what it is.
bool depacketise_g723(const MediaFormat& /*format*/, Bytes payload, FrameList& frames) {
  constexpr std::array<std::size_t, 4> kSizes = {24, 20, 4, 1};
  constexpr unsigned kFirstSilence = 2;  // silence descriptor, untransmitted
  if (payload.empty()) return false;
  while (!payload.empty()) {
    const unsigned type = static_cast<unsigned>(payload[0]) & 3U;
    if (payload.size() < kSizes[type]) return false;
    const bool silent = type >= kFirstSilence;
    const Bytes frame = silent ? Bytes() : payload.first(kSizes[type]);
    if (!frames.add(frame, silent ? FrameKind::kSilence : FrameKind::kSpeech)) return false;
    payload = payload.subspan(kSizes[type]);
  }
  return true;
}

bool depacketise_gsm(const MediaFormat& /*format*/, Bytes payload, FrameList& frames) {
  constexpr std::size_t kFrame = 33;
  return add_frames(payload, kFrame, frames);
}

}  // namespace koegura::decode
