// FlacDecoder: FLAC frames → samples, by libFLAC.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "capture/error.h"
#include "decode/encoded_flac.h"
#include "sample_buffer.h"

namespace koegura::decode {

// What STREAMINFO says.
struct FlacProperties {
  std::uint32_t sample_rate = 0;
  unsigned channels = 0;
  unsigned bits_per_sample = 0;
  std::uint64_t samples = 0;  // per channel, 0 if not known
};
[[nodiscard]] FlacProperties read_stream_info(const FlacStreamInfo& info);

// Gives the next frame's bytes, empty at the end; they live until it is asked again.
using FlacSource = std::function<Result<capture::Bytes>()>;
// Gets one plane of samples a channel; they live only for the call.
using SampleSink = std::function<Result<void>(std::span<const std::span<const Sample>> planes)>;

// Decodes until the end, or the first error of source, sink or stream. REQUIRES: 16 bits a sample,
// at most 8 channels.
[[nodiscard]] Result<void> decode_flac(const FlacStreamInfo& info, const FlacSource& source,
                                       const SampleSink& sink);

}  // namespace koegura::decode
