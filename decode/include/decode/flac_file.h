// FLAC file: what export_audio writes as kFlac, read back: does it hold the samples of the call?
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "capture/error.h"

namespace koegura::decode {

struct FlacDigest {
  std::uint32_t sample_rate = 0;
  std::uint64_t samples = 0;              // per channel
  std::array<std::uint8_t, 32> sha256{};  // of the samples as interleaved s16le, as ReadBack's
};

// Decodes all of a 16-bit stereo file that begins with "fLaC" and STREAMINFO alone. Errors name the
// file.
[[nodiscard]] Result<FlacDigest> digest_of_flac(const std::string& path);

}  // namespace koegura::decode
