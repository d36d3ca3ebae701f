// Comfort noise (RFC 3389, SID frames): what stands in where the sender was silent and said how
// loud its silence is.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include "capture/frame.h"
#include "piece_queue.h"

namespace koegura::decode {

// In -dBov: RMS below that of a full-scale square wave. Louder noise is no comfort: a wrong level
// must not drown anything.
inline constexpr std::uint8_t kLoudestNoise = 40;
// Rounds to zero: no noise at all.
inline constexpr std::uint8_t kNoNoise = 127;

// Of a noise of this energy, in dB over samples of one.
[[nodiscard]] inline std::uint8_t noise_of_energy(double energy_db) {
  constexpr double kFullScale_db = 90.309;  // 20 log 32768
  return static_cast<std::uint8_t>(
      std::clamp<double>(std::round(kFullScale_db - energy_db), kLoudestNoise, kNoNoise));
}

// The level that a payload names. REQUIRES: payload is not empty.
[[nodiscard]] inline std::uint8_t noise_level(capture::Bytes payload) {
  constexpr std::uint8_t kLevelMask =
      0x7F;  // RFC 3389 §3.1; the spectrum behind it is optional, and white will do
  return std::max(kLoudestNoise,
                  static_cast<std::uint8_t>(std::to_integer<unsigned>(payload[0]) & kLevelMask));
}

// White noise of this level. A sample depends on its position alone: each rendering gives the same.
void fill_noise(std::uint8_t level, Position from, std::span<Sample> out);

}  // namespace koegura::decode
