#include "comfort_noise.h"

#include <cmath>

namespace koegura::decode {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014): as good as its input is distinct.
std::uint64_t scramble(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15U;
  x = (x ^ x >> 30U) * 0xBF58476D1CE4E5B9U;
  x = (x ^ x >> 27U) * 0x94D049BB133111EBU;
  return x ^ x >> 31U;
}

}  // namespace

void fill_noise(std::uint8_t level, Position from, std::span<Sample> out) {
  constexpr double kFullScale = 32768;
  constexpr double kDecibel = 20;
  // Uniform between -peak and peak has an RMS of peak / sqrt(3).
  const double peak = std::sqrt(3.0) * kFullScale * std::pow(10.0, -level / kDecibel);
  const double step = 2 * peak / std::pow(2.0, 64);
  for (Sample& sample : out) {
    sample = static_cast<Sample>(std::lround(
        static_cast<double>(scramble(static_cast<std::uint64_t>(from++))) * step - peak));
  }
}

}  // namespace koegura::decode
