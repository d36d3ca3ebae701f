// G.729 (RFC 3551 §4.5.6), G.723.1 (§4.5.3), GSM (§4.5.8): fixed frames, back to back.
#include "comfort_noise.h"
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

// ITU-T G.729 annex B.4.2.2: five bits for -12 dB, then -4 to 16 in steps of 4, then 18 to 66 in
// steps of 2; of what the codec works with, half of our samples. It is the energy of the
// excitation: of noise that is not white, less than was heard.
std::uint8_t g729_noise(Bytes descriptor) {
  constexpr double kHalf_db = 6.02;
  constexpr unsigned kFirstOfSixteen = 6;  // from here on by 2 dB
  const unsigned code = static_cast<unsigned>(descriptor[1]) >> 1U & 0x1FU;
  const double energy_db = code == 0                 ? -12
                           : code <= kFirstOfSixteen ? 4.0 * code - 8
                                                     : 2.0 * code + 4;
  return noise_of_energy(energy_db + kHalf_db);
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
  if (rest == 0) return !speech.empty();
  return frames.add({}, FrameKind::kSilence, g729_noise(payload.last(rest)));
}

// The two low bits of a frame's first byte say what it is. Of annex A's silence (a descriptor, or
// that nothing was transmitted) libavcodec makes noise.
bool depacketise_g723(const MediaFormat& /*format*/, Bytes payload, FrameList& frames) {
  constexpr std::array<std::size_t, 4> kSizes = {24, 20, 4, 1};
  constexpr unsigned kFirstSilence = 2;  // silence descriptor, untransmitted
  if (payload.empty()) return false;
  while (!payload.empty()) {
    const unsigned type = static_cast<unsigned>(payload[0]) & 3U;
    if (payload.size() < kSizes[type]) return false;
    const FrameKind kind = type >= kFirstSilence ? FrameKind::kNoise : FrameKind::kSpeech;
    if (!frames.add(payload.first(kSizes[type]), kind)) return false;
    payload = payload.subspan(kSizes[type]);
  }
  return true;
}

bool depacketise_gsm(const MediaFormat& /*format*/, Bytes payload, FrameList& frames) {
  constexpr std::size_t kFrame = 33;
  return add_frames(payload, kFrame, frames);
}

}  // namespace koegura::decode
