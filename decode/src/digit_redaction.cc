#include "digit_redaction.h"

#include <algorithm>
#include <utility>

namespace koegura::decode {
namespace {

// What a gateway lets through before it knows a tone for one, and what a codec smears.
constexpr Position kMarginsPerSecond = 20;  // 50 ms
// A block after which a tone that began in the one before is known, with its margin.
constexpr Position kLeastPerSecond = 4;

}  // namespace

void DigitRedaction::add(Side side, Position from, Position to) {
  const Position margin = call_rate_ / kMarginsPerSecond;
  std::vector<Stretch>& all = stretches_[static_cast<std::size_t>(side)];
  Stretch added{.from = std::max<Position>(0, from - margin), .to = to + margin};
  // Those that it touches become one with it.
  const auto last = std::upper_bound(all.begin(), all.end(), added.to,
                                     [](Position at, const Stretch& s) { return at < s.from; });
  auto first = last;
  while (first != all.begin() && std::prev(first)->to >= added.from) --first;
  if (first != last) {
    added.from = std::min(added.from, first->from);
    added.to = std::max(added.to, std::prev(last)->to);
  } else if (all.size() >= kMaxStretches && first != all.begin()) {
    std::prev(first)->to = added.to;
    return;
  }
  all.insert(all.erase(first, last), added);
}

std::vector<DigitRedaction::Stretch>::const_iterator DigitRedaction::first_after(
    const std::vector<Stretch>& stretches, Position position) {
  return std::upper_bound(stretches.begin(), stretches.end(), position,
                          [](Position at, const Stretch& s) { return at < s.to; });
}

bool DigitRedaction::touches(Side side, Position from, Position to) const {
  const std::vector<Stretch>& all = stretches(side);
  const auto found = first_after(all, from);
  return found != all.end() && found->from < to;
}

std::optional<DigitRedaction::Block> DigitRedaction::exchange(
    Position from, const std::array<std::span<const Sample>, 2>& next) {
  std::optional<Block> before;
  // A short one says too little of the one before it: both are held.
  const bool is_long = static_cast<Position>(next[0].size()) >= call_rate_ / kLeastPerSecond;
  if (!held_ || is_long) {
    before = release();
    held_ = Block{.from = from, .channels = {}};
  }
  for (std::size_t i = 0; i < next.size(); ++i) {
    held_->channels[i].insert(held_->channels[i].end(), next[i].begin(), next[i].end());
  }
  return before;
}

std::optional<DigitRedaction::Block> DigitRedaction::release() {
  if (held_) silence(*held_);
  return std::exchange(held_, std::nullopt);
}

void DigitRedaction::silence(Block& block) const {
  for (const Side side : {Side::kCaller, Side::kCallee}) {
    std::vector<Sample>& samples = block.channels[static_cast<std::size_t>(side)];
    const Position end = block.from + static_cast<Position>(samples.size());
    const std::vector<Stretch>& all = stretches(side);
    for (auto at = first_after(all, block.from); at != all.end() && at->from < end; ++at) {
      const Position from = std::max(at->from, block.from) - block.from;
      const Position to = std::min(at->to, end) - block.from;
      std::fill(samples.begin() + from, samples.begin() + to, Sample{0});
    }
  }
}

}  // namespace koegura::decode
