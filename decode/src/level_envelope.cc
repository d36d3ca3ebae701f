#include "level_envelope.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace koegura::decode {
namespace {

constexpr double kFullScale = 32768.0 * 32768.0;
constexpr double kSilence = -70;  // dBov
constexpr double kStepsPerDecibel = 2;

}  // namespace

// Without their two lowest bits (0.1 dB at the edge of silence), the squares of kStep samples fit
// 32 bits: a loop that compilers turn into multiply-and-add of eight at a time.
std::uint64_t energy_of(std::span<const Sample> samples) {
  constexpr std::size_t kStep = 32;
  constexpr unsigned kLowBits = 2;
  std::uint64_t energy = 0;
  const auto square = [](Sample sample) {
    const auto high = static_cast<Sample>(sample >> kLowBits);
    return static_cast<std::uint32_t>(high * high);
  };
  for (; samples.size() >= kStep; samples = samples.subspan(kStep)) {
    std::uint32_t part = 0;
    for (std::size_t i = 0; i < kStep; ++i) part += square(samples[i]);
    energy += part;
  }
  for (const Sample sample : samples) energy += square(sample);
  return energy << (2 * kLowBits);
}

double dbov_of(double mean_square) {
  return 10 * std::log10(mean_square / kFullScale);
}

std::uint8_t level_of(std::uint64_t mean_square) {
  const double dbov = dbov_of(static_cast<double>(mean_square));
  if (dbov < kSilence) return 0;
  return static_cast<std::uint8_t>(1 + std::floor((dbov - kSilence) * kStepsPerDecibel));
}

LevelEnvelope::LevelEnvelope(Timestamp call_start, std::uint32_t call_rate)
    : into_frame_(call_start.time_since_epoch() % kFrame), call_rate_(call_rate) {
  begin_frame();
}

void LevelEnvelope::begin_frame() {
  using std::chrono::nanoseconds;
  constexpr std::int64_t kSecond = nanoseconds(std::chrono::seconds(1)).count();
  const auto frames = static_cast<std::int64_t>(levels_.size()) + 1;
  const std::int64_t end_ns = nanoseconds(frames * kFrame - into_frame_).count();
  frame_from_ = at_;
  frame_to_ = (end_ns * call_rate_ + kSecond - 1) / kSecond;  // the first sample not before it
  energy_ = 0;
}

void LevelEnvelope::end_frame() {
  levels_.push_back(level_of(energy_ / static_cast<std::uint64_t>(at_ - frame_from_)));
  begin_frame();
}

void LevelEnvelope::add(std::span<const Sample> samples) {
  while (!samples.empty() && levels_.size() < static_cast<std::size_t>(kReach / kFrame)) {
    const auto room = static_cast<std::size_t>(frame_to_ - at_);
    const std::span<const Sample> part = samples.first(std::min(room, samples.size()));
    energy_ += energy_of(part);
    at_ += static_cast<Position>(part.size());
    samples = samples.subspan(part.size());
    if (at_ == frame_to_) end_frame();
  }
}

std::vector<std::uint8_t> LevelEnvelope::take() {
  if (at_ != frame_from_) end_frame();
  while (!levels_.empty() && levels_.back() == 0) levels_.pop_back();
  return std::move(levels_);
}

}  // namespace koegura::decode
