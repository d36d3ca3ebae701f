// FlacEncoder: samples in, FLAC frames into an EncodedFlac, by libFLAC.
//
//   create encode* finish
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "capture/error.h"
#include "decode/encoded_flac.h"
#include "sample_buffer.h"

namespace koegura::decode {

class FlacEncoder {
 public:
  // REQUIRES: out outlives this; channels is 1 or 2.
  static Result<std::unique_ptr<FlacEncoder>> create(std::uint32_t sample_rate, unsigned channels,
                                                     EncodedFlac& out);
  virtual ~FlacEncoder() = default;
  // REQUIRES: planes.size() is the number of channels; the planes are of one length.
  [[nodiscard]] virtual Result<void> encode(std::span<const std::span<const Sample>> planes) = 0;
  // Ends the last frame and gives out its stream information.
  [[nodiscard]] virtual Result<void> finish() = 0;
};

}  // namespace koegura::decode
