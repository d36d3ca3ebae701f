// The codecs that are not written here, by libavcodec and libswresample. No other file of the
// generator knows FFmpeg.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "capture/error.h"
#include "codec.h"

namespace koegura::traffic {

struct EncodedFrames {
  std::vector<std::byte> bytes;     // all frames, back to back
  std::vector<std::uint32_t> ends;  // where each ends in bytes
};

[[nodiscard]] bool has_libavcodec_encoder(const Codec& codec);

// 8,000 Hz samples through codec's encoder. The encoder's frames may be longer than codec.frame_ms
// where frame_bytes is set: such a codec is a plain sequence of bytes.
[[nodiscard]] Result<EncodedFrames> encode_by_libavcodec(const Codec& codec,
                                                         std::span<const std::int16_t> samples);

// What a gateway hears: 8,000 Hz samples out of frames of a codec whose frames have one size.
[[nodiscard]] Result<std::vector<std::int16_t>> decode_by_libavcodec(
    const Codec& codec, std::span<const std::byte> frames);

}  // namespace koegura::traffic
