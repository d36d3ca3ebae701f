// Codec: one row a codec that the generator can send: how RTP and SDP name it (RFC 3551 §6,
// RFC 4855) and who encodes it. To add one: a row in codec.cc, if libavcodec encodes it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace koegura::traffic {

enum class Encoding : std::uint8_t { kMuLaw, kALaw, kLinear, kG726, kLibavcodec };

struct Codec {
  std::string_view name;  // a=rtpmap's encoding name
  std::uint8_t payload_type = 96;
  std::uint32_t clock_rate = 8000;  // of RTP timestamps
  std::uint8_t channels = 1;        // in a=rtpmap
  std::string_view fmtp{};          // empty: no a=fmtp
  std::uint32_t frame_ms = 1;       // packets hold whole frames; 1 for codecs that have none
  std::uint32_t frame_bytes = 0;    // 0: the frames differ in size, and a packet holds one
  Encoding encoding = Encoding::kLibavcodec;
  std::string_view encoder{};        // libavcodec's name
  std::uint32_t sample_rate = 8000;  // the encoder's
  std::uint32_t bit_rate = 0;
  bool from_high_bit = false;  // kG726: the end from which bytes are filled

  [[nodiscard]] bool lossless() const {
    return encoding != Encoding::kLibavcodec && encoding != Encoding::kG726;
  }
};

// The payload type of RFC 4733 events, beside every codec.
inline constexpr std::uint8_t kEventPayloadType = 101;

// Those whose encoder is installed.
[[nodiscard]] std::span<const Codec* const> available_codecs();
// Null if there is none of that name, or no encoder for it.
[[nodiscard]] const Codec* find_codec(std::string_view name);

}  // namespace koegura::traffic
