#include "spool_segment.h"

#include <unistd.h>

namespace koegura::capture {

SpoolSegment::~SpoolSegment() {
  const bool outlives_us = keeper_ != nullptr && keeper_->is_closed();
  if (!outlives_us) ::unlink(path_.c_str());
}

void let_go(std::span<SpooledRun* const> runs) {
  if (runs.empty()) return;
  // All runs of a process that are let go at once are of one spool folder, or of none.
  RunKeeper* const keeper = runs.front()->segment->keeper();
  if (keeper != nullptr) return keeper->let_go(runs);
  for (SpooledRun* run : runs) delete run;
}

RunHold::RunHold(SpooledRun* run) : run_(run) {
  if (run_ != nullptr) run_->hold();
}
RunHold::RunHold(const RunHold& other) : RunHold(other.run_) {}
RunHold::RunHold(RunHold&& other) noexcept : run_(std::exchange(other.run_, nullptr)) {}
RunHold& RunHold::operator=(RunHold other) noexcept {
  std::swap(run_, other.run_);
  return *this;
}
RunHold::~RunHold() {
  if (run_ != nullptr && run_->drop()) let_go(std::span(&run_, 1));
}

std::uint64_t SpooledPackets::bytes() const {
  std::uint64_t sum = 0;
  for (const RunHold& run : runs_) sum += run.get()->length;
  return sum;
}

void SpooledPackets::append(const SpooledPackets& other) {
  runs_.insert(runs_.end(), other.runs_.begin(), other.runs_.end());
}

void release_together(std::vector<RunHold> runs) {
  std::vector<SpooledRun*> last;
  for (RunHold& hold : runs) {
    SpooledRun* const run = hold.forget();
    if (run != nullptr && run->drop()) last.push_back(run);
  }
  let_go(last);
}

void keep_on_disk(std::vector<RunHold> runs) {
  if (runs.empty()) return;
  RunKeeper* const keeper = runs.front().get()->segment->keeper();
  if (keeper != nullptr) keeper->keep(std::move(runs));
}

}  // namespace koegura::capture
