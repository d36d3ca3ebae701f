#include "loss_runs.h"

#include <algorithm>

namespace koegura::decode {

void LossRuns::add(const LossRun& run) {
  if (runs_.size() >= kMaxRuns) coarsen();
  runs_.push_back(run);
  longest_ = std::max(longest_, run.packets);
  lost_ += run.packets;
  ++count_;
}

void LossRuns::coarsen() {
  std::vector<LossRun> coarser;
  coarser.reserve(kMaxRuns);
  for (std::size_t i = 0; i < runs_.size(); i += 2) {
    LossRun run = runs_[i];
    if (i + 1 < runs_.size()) {
      run.packets += runs_[i + 1].packets;
      run.to_s = runs_[i + 1].to_s;
    }
    coarser.push_back(run);
  }
  runs_ = std::move(coarser);
}

double LossRuns::burst_ratio(std::uint32_t received) const {
  if (count_ == 0 || received == 0) return 0;
  const auto lost = static_cast<double>(lost_);
  const double part = lost / (lost + received);
  const double mean = lost / static_cast<double>(count_);
  return mean * (1 - part);  // random losses: 1 / (1 - part) in a row
}

}  // namespace koegura::decode
