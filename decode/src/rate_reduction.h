// RateReduction: samples of any rate from 8 kHz on → 8 kHz, cheaply: for an ear that listens below
// 2 kHz. Means of as many samples as go into one; between rates that do not divide, the line
// between two neighbours.
#pragma once

#include <cstdint>
#include <span>

#include "sample_buffer.h"

namespace koegura::decode {

class RateReduction {
 public:
  static constexpr std::uint32_t kRate = 8000;

  // REQUIRES: rate >= kRate.
  explicit RateReduction(std::uint32_t rate) : rate_(rate) {}

  template <typename Take>  // void(std::span<const Sample>), in order; may come several times
  void convert(std::span<const Sample> samples, Take take) {
    if (rate_ == kRate) return take(samples);
    const std::uint32_t whole = rate_ % kRate == 0 ? rate_ / kRate : 0;
    for (const Sample sample : samples) {
      const Sample out = whole != 0 ? mean(sample, whole) : line(sample);
      if (has_out_) take(std::span<const Sample>(&out, 1));
      before_ = sample;
    }
  }

 private:
  Sample mean(Sample sample, std::uint32_t count) {
    sum_ += sample;
    has_out_ = ++summed_ == count;
    if (!has_out_) return 0;
    const auto out = static_cast<Sample>(sum_ / static_cast<std::int32_t>(count));
    sum_ = 0;
    summed_ = 0;
    return out;
  }
  // phase_: in kRate-ths of a sample, how far the next one out lies behind the sample before this.
  Sample line(Sample sample) {
    has_out_ = phase_ < kRate;
    if (!has_out_) {
      phase_ -= kRate;
      return 0;
    }
    const auto step = static_cast<std::int64_t>(sample - before_) * phase_ / kRate;
    phase_ += rate_ - kRate;
    return static_cast<Sample>(before_ + step);
  }

  std::uint32_t rate_;
  bool has_out_ = false;
  std::int32_t sum_ = 0;
  std::uint32_t summed_ = 0;
  std::uint32_t phase_ = 0;
  Sample before_ = 0;
};

}  // namespace koegura::decode
