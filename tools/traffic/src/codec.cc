#include "codec.h"

#include <strings.h>

#include <array>
#include <vector>

#include "libavcodec_codec.h"

namespace koegura::traffic {
namespace {

constexpr Codec g726(std::string_view name, std::uint32_t bits, bool from_high_bit) {
  return {.name = name,
          .frame_bytes = bits,
          .encoding = Encoding::kG726,
          .bit_rate = bits * 8000,
          .from_high_bit = from_high_bit};
}

// RFC 3551 §4.5.4 packs a sample's bits from the octet's least significant end, ATM AAL2 from the
// most significant.
constexpr std::array kCodecs = {
    Codec{.name = "PCMU", .payload_type = 0, .frame_bytes = 8, .encoding = Encoding::kMuLaw},
    Codec{.name = "PCMA", .payload_type = 8, .frame_bytes = 8, .encoding = Encoding::kALaw},
    Codec{.name = "L16", .frame_bytes = 16, .encoding = Encoding::kLinear},
    // The RTP clock is 8,000 Hz for 16,000 samples a second (RFC 3551 §4.5.2).
    Codec{.name = "G722",
          .payload_type = 9,
          .frame_bytes = 8,
          .encoder = "g722",
          .sample_rate = 16000,
          .bit_rate = 64000},
    g726("G726-16", 2, false),
    g726("G726-24", 3, false),
    g726("G726-32", 4, false),
    g726("G726-40", 5, false),
    g726("AAL2-G726-16", 2, true),
    g726("AAL2-G726-24", 3, true),
    g726("AAL2-G726-32", 4, true),
    g726("AAL2-G726-40", 5, true),
    Codec{.name = "GSM",
          .payload_type = 3,
          .frame_ms = 20,
          .frame_bytes = 33,
          .encoder = "libgsm",
          .bit_rate = 13000},
    Codec{.name = "G723",
          .payload_type = 4,
          .fmtp = "annexa=no",
          .frame_ms = 30,
          .frame_bytes = 24,
          .encoder = "g723_1",
          .bit_rate = 6300},
    Codec{.name = "opus",
          .clock_rate = 48000,
          .channels = 2,
          .fmtp = "useinbandfec=0",
          .frame_ms = 20,
          .encoder = "libopus",
          .sample_rate = 48000,
          .bit_rate = 24000},
    Codec{.name = "speex", .frame_ms = 20, .encoder = "libspeex"},
};

}  // namespace

std::span<const Codec* const> available_codecs() {
  static const std::vector<const Codec*> kAvailable = [] {
    std::vector<const Codec*> found;
    for (const Codec& codec : kCodecs) {
      if (codec.encoding != Encoding::kLibavcodec || has_libavcodec_encoder(codec))
        found.push_back(&codec);
    }
    return found;
  }();
  return kAvailable;
}

const Codec* find_codec(std::string_view name) {
  for (const Codec* codec : available_codecs()) {
    if (codec->name.size() == name.size() &&
        ::strncasecmp(codec->name.data(), name.data(), name.size()) == 0) {
      return codec;
    }
  }
  return nullptr;
}

}  // namespace koegura::traffic
