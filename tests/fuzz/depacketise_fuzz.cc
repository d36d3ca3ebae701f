// Payload formats: any bytes, through each row's depacketiser and decoder.
//
// Input: row of the registry, choice of a=fmtp, then packets: a length byte and that many bytes.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "codec.h"

namespace {

using namespace koegura::decode;

constexpr std::array<const char*, 6> kFmtp = {
    "", "octet-align=1", "octet-align=1;crc=1", "mode=20", "mode=30", "octet-align=0;interleaving"};

// More than this from one packet is not audio but an amplifier.
constexpr std::size_t kMostSamples = 1U << 20U;

// Takes the next packet off the input.
Bytes take_packet(Bytes& input) {
  const auto length = std::min(static_cast<std::size_t>(input[0]), input.size() - 1);
  const Bytes packet = input.subspan(1, length);
  input = input.subspan(1 + length);
  return packet;
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
  while (!input.empty()) {
    frames.clear();
    if (!codec.depacketise(format, take_packet(input), frames)) continue;
    samples.clear();
    for (const CodecFrame& frame : frames.frames()) {
      const bool speech = frame.kind == FrameKind::kSpeech;
      if (speech == frame.bytes.empty()) std::abort();
      const std::size_t before = samples.size();
      if (speech && !decoder->decode(frame.bytes, samples) && samples.size() != before) {
        std::abort();
      }
    }
    if (samples.size() > kMostSamples) std::abort();
  }
  return 0;
}
