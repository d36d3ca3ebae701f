// OutageMap: when the recorder was away, and where on the call's timeline that is.
//
// A packet knows how many outages were over when it arrived. So the hole between two packets of a
// stream is due to an outage if they lie on its two sides, whatever their places are: a place
// follows the timestamps and is earlier than the arrival by what the network delayed.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "capture/finished_call.h"
#include "piece_queue.h"

namespace koegura::decode {

class OutageMap {
 public:
  struct Stretch {
    Position from = 0;
    Position to = 0;
  };

  // Cut at the call's start and end.
  OutageMap(const capture::FinishedCall& call, std::uint32_t call_rate);

  // In order, apart from each other.
  [[nodiscard]] std::span<const Stretch> stretches() const { return stretches_; }
  // How many of them were over when a packet arrived, if `before` were when one before it did.
  [[nodiscard]] std::size_t over_at(Timestamp arrival, std::size_t before) const {
    while (before < middles_.size() && arrival > middles_[before]) ++before;
    return before;
  }

 private:
  std::vector<Stretch> stretches_;
  // Of each. Packets arrive before an outage or after it; the clocks of the two recordings may be a
  // little apart.
  std::vector<Timestamp> middles_;
};

}  // namespace koegura::decode
