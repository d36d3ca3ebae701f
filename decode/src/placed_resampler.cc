#include "placed_resampler.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>
#include <numbers>

namespace koegura::decode {
namespace {

// A Kaiser window of 48 samples: flat to 0.85 of the band (3.4 kHz of telephony), images 70 dB
// down. Between two phases of the filter lies a straight line, 85 dB from the filter itself.
constexpr int kTaps = 48;
constexpr int kHalf = kTaps / 2;
constexpr int kPhases = 128;
constexpr double kCutoff = 0.95;
constexpr double kKaiserBeta = 7;
constexpr double kMostTurn = 0.02;  // moves what is held back by less than a sample
constexpr int kUnityBits = 14;      // so that the sum of 48 products fits 32 bits

using Phase = std::array<std::int16_t, kTaps>;
using Filter = std::array<Phase, kPhases + 1>;

double bessel_i0(double x) {
  double sum = 1;
  double term = 1;
  for (int k = 1; term > sum * std::numeric_limits<double>::epsilon(); ++k) {
    term *= (x / (2 * k)) * (x / (2 * k));
    sum += term;
  }
  return sum;
}

double tap(double distance) {
  const double inside = 1 - (distance / kHalf) * (distance / kHalf);
  if (inside <= 0) return 0;
  const double angle = std::numbers::pi * kCutoff * distance;
  const double sinc = angle == 0 ? 1 : std::sin(angle) / angle;
  return sinc * bessel_i0(kKaiserBeta * std::sqrt(inside));
}

Filter make_filter() {
  Filter filter{};
  for (int phase = 0; phase <= kPhases; ++phase) {
    std::array<double, kTaps> taps{};
    double sum = 0;
    for (int i = 0; i < kTaps; ++i) {
      taps[i] = tap(i - (kHalf - 1) - static_cast<double>(phase) / kPhases);
      sum += taps[i];
    }
    for (int i = 0; i < kTaps; ++i) {
      filter[phase][i] = static_cast<std::int16_t>(std::lround(taps[i] / sum * (1 << kUnityBits)));
    }
  }
  return filter;
}

std::int32_t product(const Phase& phase, const Sample* samples) {
  std::int32_t sum = 0;
  for (int i = 0; i < kTaps; ++i) sum += std::int32_t{phase[i]} * samples[i];
  return sum;
}

const Filter& filter() {
  static const Filter kFilter = make_filter();
  return kFilter;
}

}  // namespace

void PlacedResampler::begin(double place, double step) {
  assert(step > 0);
  running_ = true;
  place_ = place;
  step_ = step;
  fed_ = 0;
  next_ = static_cast<Position>(std::floor(place));
  until_ = std::numeric_limits<Position>::max();
  known_.clear();
  // A run begins up to one sample of the call before its first.
  margin_ = kHalf + 1 + static_cast<std::int64_t>(std::ceil(1 / step));
  known_from_ = -margin_;
}

void PlacedResampler::turn(double step) {
  assert(running_ && std::fabs(step / step_ - 1) < kMostTurn);
  place_ += static_cast<double>(fed_) * (step_ - step);
  step_ = step;
}

// Before the first sample and behind the last stands the same again: silence there would make a
// step where the sound is cut, or goes on in another run.
void PlacedResampler::convert(std::span<const Sample> in, SampleBuffer& out) {
  if (in.empty()) return;
  if (fed_ == 0) known_.insert(known_.end(), static_cast<std::size_t>(margin_), in.front());
  known_.insert(known_.end(), in.begin(), in.end());
  fed_ += static_cast<std::int64_t>(in.size());
  run(out);
}

void PlacedResampler::end(SampleBuffer& out) {
  running_ = false;
  if (fed_ == 0) return;
  until_ = static_cast<Position>(std::floor(place_ + static_cast<double>(fed_) * step_));
  known_.insert(known_.end(), static_cast<std::size_t>(margin_), Sample{known_.back()});
  run(out);
}

void PlacedResampler::run(SampleBuffer& out) {
  const double per_sample = 1 / step_;
  const auto end = known_from_ + static_cast<std::int64_t>(known_.size());
  // Up to the last whose right neighbours are all known, whatever is rounded on the way.
  constexpr double kRounding = 1e-3;
  const double last = place_ + static_cast<double>(end - kHalf) * step_ - kRounding;
  const Position to = std::min(until_, static_cast<Position>(std::ceil(last)));
  if (to <= next_) return;
  const std::span<Sample> room = out.grow(static_cast<std::size_t>(to - next_));
  for (Sample& sample : room) {
    sample = at((static_cast<double>(next_) - place_) * per_sample);
    ++next_;
  }
  const double next = (static_cast<double>(next_) - place_) * per_sample;
  const std::int64_t needed = static_cast<std::int64_t>(std::floor(next)) - kHalf;
  const std::int64_t spare = std::clamp<std::int64_t>(needed - known_from_, 0, end - known_from_);
  known_.erase(known_.begin(), known_.begin() + spare);
  known_from_ += spare;
}

Sample PlacedResampler::at(double index) const {
  const double whole = std::floor(index);
  const double phase = (index - whole) * kPhases;
  const auto row = static_cast<std::size_t>(phase);
  const double part = phase - static_cast<double>(row);
  const auto first = static_cast<std::int64_t>(whole) - (kHalf - 1) - known_from_;
  assert(first >= 0 && first + kTaps <= static_cast<std::int64_t>(known_.size()));
  const Sample* samples = known_.data() + first;
  const std::int32_t left = product(filter()[row], samples);
  const std::int32_t right = product(filter()[row + 1], samples);
  const double sum = left + part * (static_cast<double>(right) - left);
  const double rounded = std::nearbyint(sum / (1 << kUnityBits));
  return static_cast<Sample>(std::clamp<double>(rounded, std::numeric_limits<Sample>::min(),
                                                std::numeric_limits<Sample>::max()));
}

}  // namespace koegura::decode
