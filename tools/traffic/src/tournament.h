// Tournament: which of n slots is due first. One slot's time changes at a time, and costs log2(n)
// comparisons along one path: half of what popping from and pushing to a heap would.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "capture/time.h"

namespace koegura::traffic {

inline constexpr Timestamp kNever = Timestamp::max();

class Tournament {
 public:
  // Every slot is due never. REQUIRES: slots > 0.
  explicit Tournament(std::uint32_t slots)
      : leaves_(std::bit_ceil(slots)), due_(leaves_, kNever), winners_(leaves_) {
    for (std::uint32_t leaf = 0; leaf < leaves_; leaf += 2) play(leaf);
  }

  void set(std::uint32_t slot, Timestamp due) {
    due_[slot] = due;
    play(slot);
  }
  // On equal times the slot with the lower number.
  [[nodiscard]] std::uint32_t first() const { return leaves_ == 1 ? 0 : winners_[1]; }
  [[nodiscard]] Timestamp due() const { return due_[first()]; }

 private:
  // Node i has the children 2i and 2i + 1; the nodes from leaves_ on are the slots.
  [[nodiscard]] std::uint32_t winner_of(std::uint32_t node) const {
    return node >= leaves_ ? node - leaves_ : winners_[node];
  }
  void play(std::uint32_t slot) {
    for (std::uint32_t node = (slot + leaves_) / 2; node > 0; node /= 2) {
      const std::uint32_t left = winner_of(2 * node);
      const std::uint32_t right = winner_of(2 * node + 1);
      winners_[node] = due_[right] < due_[left] ? right : left;
    }
  }

  std::uint32_t leaves_;
  std::vector<Timestamp> due_;          // of each slot
  std::vector<std::uint32_t> winners_;  // the slot that won at each inner node, from 1
};

}  // namespace koegura::traffic
