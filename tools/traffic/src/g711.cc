#include "g711.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

namespace koegura::traffic {
namespace {

constexpr int kMuLawBias = 0x84;
constexpr int kMuLawClip = 32'635;

}  // namespace

std::uint8_t mulaw_from_linear(std::int16_t sample) {
  const unsigned sign = sample < 0 ? 0x80U : 0U;
  const int magnitude = std::min(std::abs(int{sample}), kMuLawClip) + kMuLawBias;
  // The segment is the place of the highest bit, which is between 7 and 14 with the bias.
  const unsigned segment =
      static_cast<unsigned>(std::bit_width(static_cast<unsigned>(magnitude))) - 8;
  const unsigned mantissa = (static_cast<unsigned>(magnitude) >> (segment + 3)) & 0xFU;
  return static_cast<std::uint8_t>(~(sign | segment << 4U | mantissa));
}

std::int16_t linear_from_mulaw(std::uint8_t code) {
  const unsigned bits = static_cast<std::uint8_t>(~code);
  const int magnitude =
      static_cast<int>((((bits & 0xFU) << 3U) + kMuLawBias) << ((bits & 0x70U) >> 4U)) - kMuLawBias;
  return static_cast<std::int16_t>((bits & 0x80U) != 0 ? -magnitude : magnitude);
}

std::uint8_t alaw_from_linear(std::int16_t sample) {
  // Every second bit is inverted on the wire (0x55); the sign bit is 1 for positive samples.
  const unsigned mask = sample < 0 ? 0x55U : 0xD5U;
  const unsigned magnitude = static_cast<unsigned>(sample < 0 ? -(sample + 1) : sample) >> 3U;
  const unsigned width = static_cast<unsigned>(std::bit_width(magnitude));
  const unsigned segment = width <= 5 ? 0 : width - 5;
  const unsigned mantissa = (magnitude >> std::max(segment, 1U)) & 0xFU;
  return static_cast<std::uint8_t>((segment << 4U | mantissa) ^ mask);
}

std::int16_t linear_from_alaw(std::uint8_t code) {
  const unsigned bits = code ^ 0x55U;
  const unsigned segment = (bits & 0x70U) >> 4U;
  unsigned magnitude = ((bits & 0xFU) << 4U) + 8;  // the middle of the interval
  if (segment > 0) magnitude = (magnitude + 0x100) << (segment - 1);
  return static_cast<std::int16_t>((bits & 0x80U) != 0 ? magnitude : -static_cast<int>(magnitude));
}

}  // namespace koegura::traffic
