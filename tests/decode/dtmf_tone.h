// Tones as a telephone makes them (ITU-T Q.23), computed here, and a Goertzel filter that looks for
// them: nothing of it is spandsp's.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace koegura::decode::test {

inline constexpr std::string_view kToneKeys = "123A456B789C*0#D";
inline constexpr std::array<double, 4> kLowTones = {697, 770, 852, 941};
inline constexpr std::array<double, 4> kHighTones = {1209, 1336, 1477, 1633};

struct DtmfTone {
  char digit = '1';
  double ms = 100;
  double level_dbm0 = -10;  // of each of the two
  double twist_db = 0;      // so much louder is the high one
  double detune = 0;        // 0.015 is 1.5 %
  std::uint32_t rate = 8000;
};

inline double amplitude_of(double dbm0) {
  return 32767 * std::pow(10, (dbm0 - 3.14) / 20);  // a full sine is +3.14 dBm0
}

inline std::vector<std::int16_t> tone_samples(const DtmfTone& tone) {
  const std::size_t key = kToneKeys.find(tone.digit);
  const double low = kLowTones[key / 4] * (1 + tone.detune);
  const double high = kHighTones[key % 4] * (1 + tone.detune);
  const double low_level = amplitude_of(tone.level_dbm0);
  const double high_level = amplitude_of(tone.level_dbm0 + tone.twist_db);
  std::vector<std::int16_t> samples;
  const auto count = static_cast<std::size_t>(tone.ms * tone.rate / 1000);
  for (std::size_t i = 0; i < count; ++i) {
    const double t = 2 * M_PI * static_cast<double>(i) / tone.rate;
    samples.push_back(static_cast<std::int16_t>(
        std::lround(low_level * std::sin(low * t) + high_level * std::sin(high * t))));
  }
  return samples;
}

// The amplitude of one frequency in the samples.
inline double amplitude_at(std::span<const std::int16_t> samples, double hertz,
                           std::uint32_t rate = 8000) {
  double re = 0;
  double im = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double turn = 2 * M_PI * hertz * static_cast<double>(i) / rate;
    re += samples[i] * std::cos(turn);
    im += samples[i] * std::sin(turn);
  }
  return samples.empty() ? 0 : 2 * std::hypot(re, im) / static_cast<double>(samples.size());
}

}  // namespace koegura::decode::test
