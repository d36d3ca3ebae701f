// A speaker whose clock is wrong: what is sounded at a true moment is known, and how far off it is
// heard in a rendered call is measured by cross-correlation.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <random>
#include <span>
#include <vector>

#include "call_builder.h"

namespace koegura::decode::test {

inline constexpr double kRate = 8000;

// Sound as a function of true time in seconds.
using Sound = std::function<double(double)>;

// Noise in the band of speech, 7 s of it over and over.
class Babble {
 public:
  explicit Babble(unsigned seed) : table_(kPeriod) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> white(-1, 1);
    double slow = 0;
    double slower = 0;
    for (int round = 0; round < 2; ++round) {  // so that the end meets the beginning
      std::mt19937 again(seed);
      for (double& sample : table_) {
        slow += kSmooth * (white(again) - slow);
        slower += kSmooth * (slow - slower);
        sample = 30'000 * slower;
      }
    }
  }
  double operator()(double seconds) const {
    const double at = seconds * kTableRate;
    const double whole = std::floor(at);
    const double part = at - whole;
    const auto index = static_cast<std::size_t>(std::llround(whole)) % kPeriod;
    return table_[index] * (1 - part) + table_[(index + 1) % kPeriod] * part;
  }

 private:
  static constexpr double kTableRate = 16'000;
  static constexpr double kSmooth = 0.3;
  static constexpr std::size_t kPeriod = 112'000;
  std::vector<double> table_;
};

struct Drift {
  double ppm = 0;  // fast, if positive
  double from_s = 0;
  double to_s = 0;
  double wander_ppm = 0;  // so much faster at the end than at the beginning
  // Of each so long period only its first part is spoken; in the rest the clock runs, and nothing
  // is sent.
  double period_s = 1e9;
  double spoken_s = 1e9;
  unsigned ticks = 160;  // of a packet
  double jitter_ms = 0;
  unsigned seed = 1;
  // What happens to the nth packet: how often it comes, and how much later.
  std::function<int(unsigned)> copies = [](unsigned) { return 1; };
  std::function<double(unsigned)> late_ms = [](unsigned) { return 0.0; };
};

// True moment at which the nth sample is taken.
inline double taken_at(const Drift& drift, double n) {
  // In t seconds it takes speed * t + wander / 2 * t^2 seconds of samples.
  const double taken = n / kRate;
  const double speed = 1 + drift.ppm / 1e6;
  const double wander = drift.wander_ppm / 1e6 / (drift.to_s - drift.from_s);
  return drift.from_s + 2 * taken / (speed + std::sqrt(speed * speed + 2 * wander * taken));
}

inline Octets linear16(const Sound& sound, const Drift& drift, unsigned first, unsigned count) {
  Octets payload;
  payload.reserve(std::size_t{2} * count);
  for (unsigned i = 0; i < count; ++i) {
    const auto value = static_cast<std::uint16_t>(std::lround(sound(taken_at(drift, first + i))));
    payload.push_back(static_cast<std::byte>(value >> 8U));
    payload.push_back(static_cast<std::byte>(value & 0xFFU));
  }
  return payload;
}

inline Octets mu_law(const Sound& sound, const Drift& drift, unsigned first, unsigned count) {
  Octets payload;
  payload.reserve(count);
  for (unsigned i = 0; i < count; ++i) {
    const double value = sound(taken_at(drift, first + i));
    payload.push_back(
        static_cast<std::byte>(mu_law_code(static_cast<std::int16_t>(std::lround(value)))));
  }
  return payload;
}

// Payload type 0 is G.711, anything else L16 at 8 kHz. In order of arrival.
inline void speak(StreamBuilder& stream, const Sound& sound, const Drift& drift,
                  std::uint8_t payload_type = 0) {
  constexpr std::uint32_t kFirstTimestamp = 4'294'000'000U;  // wraps after two minutes
  std::mt19937 random(drift.seed);
  std::uniform_real_distribution<double> jitter(0, drift.jitter_ms);
  std::uint16_t sequence = 100;
  std::vector<Rtp> packets;
  for (unsigned n = 0;; ++n) {
    const unsigned first = n * drift.ticks;
    const double at = taken_at(drift, first);
    if (at >= drift.to_s) break;
    if (std::fmod(at - drift.from_s, drift.period_s) > drift.spoken_s) continue;
    // It can be sent when its last sample has been taken; here at once, which is the same delay for
    // all.
    const Rtp packet{.at_ms = at * 1e3 + jitter(random) + drift.late_ms(n),
                     .sequence = sequence++,
                     .timestamp = kFirstTimestamp + first,
                     .payload_type = payload_type,
                     .marker = false,
                     .payload = payload_type == 0 ? mu_law(sound, drift, first, drift.ticks)
                                                  : linear16(sound, drift, first, drift.ticks)};
    for (int copy = drift.copies(n); copy > 0; --copy) packets.push_back(packet);
  }
  std::stable_sort(packets.begin(), packets.end(),
                   [](const Rtp& a, const Rtp& b) { return a.at_ms < b.at_ms; });
  for (const Rtp& packet : packets) stream.rtp(packet);
}

// By how many milliseconds the sound is heard later than it sounded, around this moment of the
// call.
inline double heard_late_ms(std::span<const std::int16_t> heard, const Sound& sound, double at_s) {
  constexpr int kWindow = 2000;
  constexpr int kMost = 400;  // samples
  const auto from = static_cast<int>(std::lround(at_s * kRate));
  REQUIRE(from >= kMost);
  REQUIRE(static_cast<std::size_t>(from + kWindow + kMost) <= heard.size());
  std::vector<float> wanted(kWindow);
  for (int i = 0; i < kWindow; ++i) wanted[i] = static_cast<float>(sound((from + i) / kRate));
  float best = 0;
  int lag = -kMost - 1;
  for (int shift = -kMost; shift <= kMost; ++shift) {
    float sum = 0;
    for (int i = 0; i < kWindow; ++i) sum += wanted[i] * heard[from + shift + i];
    if (sum <= best) continue;
    best = sum;
    lag = shift;
  }
  return lag * 1e3 / kRate;
}

// The worst of one channel: looked at each step_s, so far into it.
inline double worst_late_ms(std::span<const std::int16_t> heard, const Sound& sound,
                            const Drift& drift, double step_s, double into_s) {
  double worst = 0;
  for (double at = drift.from_s + into_s; at < drift.to_s - 1; at += step_s) {
    worst = std::max(worst, std::fabs(heard_late_ms(heard, sound, at)));
  }
  return worst;
}

}  // namespace koegura::decode::test
