// Payload formats: any bytes, through each row's depacketiser and decoder, and what takes the place
// of lost packets.
//
// Input: row of the registry, choice of a=fmtp, then packets (input_packets.h); before a marked one
// some are lost.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "codec.h"
#include "input_packets.h"

namespace {

using namespace koegura::decode;

constexpr std::array<const char*, 6> kFmtp = {
    "", "octet-align=1", "octet-align=1;crc=1", "mode=20", "mode=30", "octet-align=0;interleaving"};

// More than this from one packet is not audio but an amplifier.
constexpr std::size_t kMostSamples = 1U << 20U;

// What a renderer does where packets are lost before this one: guesses, and asks what it says
// again.
void conceal(Decoder& decoder, std::size_t samples, Bytes packet, SampleBuffer& out) {
  const auto guess = [&](Bytes next) {
    const std::size_t before = out.size();
    const bool given = decoder.conceal(samples, next, out);
    if (out.size() != before + (given ? samples : 0)) std::abort();
  };
  guess({});
  if (decoder.repeats_previous(packet)) guess(packet);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::span<const Codec> rows = codec_registry();
  const Codec& codec = rows[data[0] % rows.size()];
  MediaFormat format;
  format.encoding = codec.name;
  format.clock_rate = codec.clock_rate != 0 ? codec.clock_rate : 8000;
  format.channels = static_cast<std::uint8_t>(1 + data[1] / kFmtp.size() % 2);
  format.fmtp = kFmtp[data[1] % kFmtp.size()];
  const auto decoder = codec.open(codec, format);
  if (!decoder) return 0;
  Bytes input = std::as_bytes(std::span(data, size)).subspan(2);
  FrameList frames;
  SampleBuffer samples;
  std::size_t frame_samples = 0;  // of the last frame that was decoded
  while (!input.empty()) {
    const koegura::fuzz::InputPacket packet = koegura::fuzz::take_packet(input);
    frames.clear();
    samples.clear();
    if (packet.marked && frame_samples != 0)
      conceal(*decoder, frame_samples, packet.bytes, samples);
    if (!codec.depacketise(format, packet.bytes, frames)) continue;
    for (const CodecFrame& frame : frames.frames()) {
      const bool decoded = frame.kind == FrameKind::kSpeech || frame.kind == FrameKind::kNoise;
      if (decoded == frame.bytes.empty()) std::abort();
      const std::size_t before = samples.size();
      if (decoded && !decoder->decode(frame.bytes, samples) && samples.size() != before) {
        std::abort();
      }
      if (samples.size() != before) frame_samples = samples.size() - before;
    }
    const std::size_t before = samples.size();
    if (!decoder->conceal(codec.frame_samples, {}, samples) && samples.size() != before) {
      std::abort();
    }
    if (samples.size() > kMostSamples) std::abort();
  }
  return 0;
}
