// OpusWriter: samples in, Ogg Opus (RFC 7845) out to a file descriptor, by libopus and libavformat.
//
//   create encode* finish
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "capture/error.h"
#include "sample_buffer.h"

namespace koegura::decode {

class OpusWriter {
 public:
  static constexpr std::uint32_t kSampleRate = 48000;  // of the samples it takes

  static Result<std::unique_ptr<OpusWriter>> create(int fd, unsigned channels);
  virtual ~OpusWriter() = default;
  // REQUIRES: one plane a channel, of one length.
  [[nodiscard]] virtual Result<void> encode(std::span<const std::span<const Sample>> planes) = 0;
  [[nodiscard]] virtual Result<void> finish() = 0;
};

}  // namespace koegura::decode
