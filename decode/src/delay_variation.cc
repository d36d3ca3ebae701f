#include "delay_variation.h"

#include <algorithm>
#include <cmath>

namespace koegura::decode {
namespace {

constexpr double kNsPerMs = 1e6;
constexpr double kBinMs = 0.5;

}  // namespace

void DelayVariation::add(Timestamp arrival, std::uint32_t timestamp, std::uint32_t clock_rate) {
  constexpr double kMsPerSecond = 1e3;
  if (running_) {
    const auto ticks = static_cast<std::int32_t>(timestamp - last_timestamp_);
    ahead_ms_ += static_cast<double>((arrival - last_arrival_).count()) / kNsPerMs -
                 ticks * (kMsPerSecond / clock_rate * rate_);
    if (arrival - stretch_from_ >= kStretch || delays_.size() >= kMaxDelays) end_stretch();
  }
  if (delays_.empty()) {
    stretch_from_ = arrival;
    ahead_ms_ = 0;
  }
  running_ = true;
  delays_.push_back(static_cast<float>(ahead_ms_));
  last_arrival_ = arrival;
  last_timestamp_ = timestamp;
}

void DelayVariation::restart() {
  end_stretch();
  running_ = false;
}

void DelayVariation::end_stretch() {
  if (delays_.empty()) return;
  if (bins_.empty()) bins_.resize(kBins);
  const float least = *std::min_element(delays_.begin(), delays_.end());
  for (const float delay : delays_) {
    const double above = delay - least;
    const auto bin = static_cast<std::size_t>(std::lround(above / kBinMs));
    ++bins_[std::min(bin, kBins - 1)];
    max_ms_ = std::max(max_ms_, above);
  }
  packets_ += delays_.size();
  delays_.clear();
}

double DelayVariation::percentile(double part) const {
  const double wanted = part * static_cast<double>(packets_);
  double seen = 0;
  for (std::size_t bin = 0; bin < bins_.size(); ++bin) {
    seen += bins_[bin];
    if (seen >= wanted && seen > 0) return std::min(max_ms_, static_cast<double>(bin) * kBinMs);
  }
  return 0;
}

}  // namespace koegura::decode
