// Opus by libopus itself: unlike libavcodec's wrapper it lets us ask for what a packet says of the
// one before it, and for a guess where nothing is known.
#include <opus/opus.h>

#include <algorithm>
#include <array>

#include "payload_formats.h"

namespace koegura::decode {
namespace {

constexpr std::uint32_t kLongestFrame_ms = 120;  // RFC 6716 §3.2.5: of one packet
constexpr std::size_t kMostFrames = 48;          // of a packet: 120 ms of 2.5
constexpr std::size_t kLongestPacket = 64 * 1024;

struct DecoderFree {
  void operator()(::OpusDecoder* decoder) const { opus_decoder_destroy(decoder); }
};

const unsigned char* octets(Bytes bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// What a packet says of the time before it.
struct Lbrr {
  bool mid = false;
  bool side = false;  // of a stereo packet
};

// RFC 6716 §4.2.3 and §4.2.4: a SILK frame begins with the VAD flags of its 20 ms, and the LBRR
// flag: it says the ones before again; of each channel. CELT has no such thing.
Lbrr read_lbrr(Bytes packet) {
  constexpr std::uint8_t kFirstCelt = 16;  // of the configurations, RFC 6716 §3.1
  constexpr int kTwentyMs = 960;           // at 48 kHz
  if (packet.empty() || std::to_integer<unsigned>(packet[0]) >> 3U >= kFirstCelt) return {};
  const int frame = opus_packet_get_samples_per_frame(octets(packet), 48000);
  const auto flags = static_cast<unsigned>(frame > kTwentyMs ? frame / kTwentyMs : 1);
  std::array<const unsigned char*, kMostFrames> frames{};
  std::array<opus_int16, kMostFrames> sizes{};
  const int count = opus_packet_parse(octets(packet), static_cast<opus_int32>(packet.size()),
                                      nullptr, frames.data(), sizes.data(), nullptr);
  if (count < 1 || sizes[0] < 1) return {};
  const unsigned first = *frames[0];
  const bool stereo = opus_packet_get_nb_channels(octets(packet)) == 2;
  return {.mid = (first >> (7 - flags) & 1U) != 0,
          .side = stereo && (first >> (6 - 2 * flags) & 1U) != 0};
}

class LibopusDecoder final : public Decoder {
 public:
  explicit LibopusDecoder(std::uint32_t rate)
      : rate_(rate), decoder_(opus_decoder_create(static_cast<opus_int32>(rate), 1, nullptr)) {}

  [[nodiscard]] bool is_open() const { return decoder_ != nullptr; }

  bool decode(Bytes frame, SampleBuffer& out) override {
    if (frame.empty()) return false;
    return run(frame, std::size_t{rate_} * kLongestFrame_ms / 1000, false, out);
  }
  [[nodiscard]] bool repeats_previous(Bytes frame) const override {
    const Lbrr lbrr = read_lbrr(frame);
    return lbrr.mid || lbrr.side;
  }
  // Of the packet's first frame, which may be shorter than the packet; mid is all that is heard.
  [[nodiscard]] std::size_t restores(Bytes frame) const override {
    if (!read_lbrr(frame).mid) return 0;
    return static_cast<std::size_t>(
        opus_packet_get_samples_per_frame(octets(frame), static_cast<opus_int32>(rate_)));
  }
  bool conceal(std::size_t samples, Bytes next, SampleBuffer& out) override {
    return run(next, samples, !next.empty(), out);
  }

 private:
  // Mono, whatever the sender's stereo flag says: a stereo sender is one voice to us, and libopus
  // mixes.
  bool run(Bytes packet, std::size_t samples, bool previous, SampleBuffer& out) {
    if (packet.size() > kLongestPacket) return false;
    const std::span<Sample> room = out.grow(samples);
    const int given = opus_decode(decoder_.get(), packet.empty() ? nullptr : octets(packet),
                                  static_cast<opus_int32>(packet.size()), room.data(),
                                  static_cast<int>(samples), previous ? 1 : 0);
    out.drop_back(samples - static_cast<std::size_t>(std::max(given, 0)));
    return given > 0;
  }

  std::uint32_t rate_;
  std::unique_ptr<::OpusDecoder, DecoderFree> decoder_;
};

}  // namespace

std::unique_ptr<Decoder> open_opus(const Codec& codec, const MediaFormat& format) {
  auto decoder = std::make_unique<LibopusDecoder>(audio_rate_of(codec, format));
  if (!decoder->is_open()) return nullptr;
  return decoder;
}

}  // namespace koegura::decode
