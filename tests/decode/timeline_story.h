// What the tests of the timeline say and hear: a speaker whose every sample tells which one it is.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "call_builder.h"

namespace koegura::decode::test {

inline constexpr unsigned kTicks = 160;  // 20 ms at 8 kHz

// Code of the nth sample a G.711 speaker says: never silence (0xFF), never the same for long.
inline std::byte spoken(std::uint64_t n) {
  return static_cast<std::byte>(n * 7 % 251 & 0x7E);
}

inline Octets voice(std::uint64_t from, std::size_t count = kTicks) {
  Octets payload;
  for (std::size_t i = 0; i < count; ++i) payload.push_back(spoken(from + i));
  return payload;
}

// The nth packet of a speaker who talks without a pause: arrival is the reader's to change.
inline Rtp packet(unsigned n, std::uint16_t first_sequence = 100,
                  std::uint32_t first_timestamp = 8000) {
  return {.at_ms = 20.0 * n,
          .sequence = static_cast<std::uint16_t>(first_sequence + n),
          .timestamp = first_timestamp + kTicks * n,
          .payload_type = 0,
          .marker = n == 0,
          .payload = voice(std::uint64_t{kTicks} * n)};
}

// Is it exactly what was spoken, from its sample `from` on?
inline bool is_voice(std::span<const std::int16_t> heard, std::uint64_t from) {
  for (std::size_t i = 0; i < heard.size(); ++i) {
    if (mu_law_code(heard[i]) != static_cast<std::uint8_t>(spoken(from + i))) return false;
  }
  return !heard.empty();
}

inline bool is_silence(std::span<const std::int16_t> heard) {
  return std::all_of(heard.begin(), heard.end(), [](std::int16_t sample) { return sample == 0; });
}

inline double mean_square(std::span<const std::int16_t> samples) {
  double energy = 0;
  for (const double sample : samples) energy += sample * sample;
  return energy / static_cast<double>(samples.size());
}

inline std::span<const std::int16_t> part(const Samples& samples, std::size_t from,
                                          std::size_t to) {
  REQUIRE(to <= samples.size());
  return std::span(samples).subspan(from, to - from);
}

inline void check_span(const std::vector<Span>& spans, std::size_t index, double from_s,
                       double to_s) {
  REQUIRE(spans.size() > index);
  CHECK(spans[index].from_s == doctest::Approx(from_s));
  CHECK(spans[index].to_s == doctest::Approx(to_s));
}

}  // namespace koegura::decode::test
