// open_libav_decoder: a decoder of libavcodec as a Decoder.
#pragma once

#include <memory>

#include "codec.h"

namespace koegura::decode {

struct LibavDecoderSettings {
  const char* decoder = nullptr;  // libavcodec's name: "g722", "libopus"
  int sample_rate = 0;
  int channels = 1;
  int block_align = 0;
  Bytes erased_frame = {};  // Codec::erased_frame; lives as long as the decoder
};

// Null if libavcodec lacks the decoder or refuses the settings.
[[nodiscard]] std::unique_ptr<Decoder> open_libav_decoder(const LibavDecoderSettings& settings);

}  // namespace koegura::decode
