#include "mute_watch.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <utility>

namespace koegura::decode {
namespace {

constexpr std::uint32_t kBlocksPerSecond = 50;
// A-law has no zero: its silence is 8, or -8.
constexpr int kQuietest = 8;

bool is_constant(std::span<const Sample> block) {
  // Speech differs at once: most blocks are done with the first comparison.
  if (block.front() != block.back() || block.front() != block[block.size() / 2]) return false;
  return std::adjacent_find(block.begin(), block.end(), std::not_equal_to<>()) == block.end();
}

}  // namespace

void MuteWatch::add(Position from, std::span<const Sample> samples) {
  const std::size_t size = rate_ / kBlocksPerSecond;
  while (!samples.empty()) {
    const auto block = samples.first(std::min(size, samples.size()));
    add_block(from, block);
    from += static_cast<Position>(block.size());
    samples = samples.subspan(block.size());
  }
}

void MuteWatch::add_block(Position from, std::span<const Sample> block) {
  const Position to = from + static_cast<Position>(block.size());
  const bool quiet = std::abs(block.front()) <= kQuietest && is_constant(block);
  if (silence_ && quiet && silence_->to == from && value_ == block.front()) {
    silence_->to = to;
    return;
  }
  close();
  if (!quiet) return;
  silence_ = {.from = from, .to = to};
  value_ = block.front();
}

void MuteWatch::close() {
  if (silence_ && silence_->to - silence_->from >= Position{kLeastSeconds} * rate_) {
    over_.push_back(*silence_);
  }
  silence_.reset();
}

std::vector<MuteWatch::Stretch> MuteWatch::take(bool at_end) {
  if (at_end) close();
  return std::exchange(over_, {});
}

}  // namespace koegura::decode
