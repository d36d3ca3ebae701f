// TimerQueue: one deadline per leg, cheap to push further away. A heap of wake-ups; a deadline
// that moved back is noticed only when its wake-up comes, so that the messages and packets which
// keep a leg alive cost nothing here. (A sorted set would pay two tree operations for each.)
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include "capture/signalling.h"

namespace koegura::capture {

class TimerQueue {
 public:
  struct WakeUp {
    Timestamp at;
    LegId leg = 0;
    friend bool operator>(const WakeUp& a, const WakeUp& b) {
      return a.at != b.at ? a.at > b.at : a.leg > b.leg;
    }
  };

  void push(const WakeUp& wake_up) { heap_.push(wake_up); }
  void clear() { heap_ = {}; }
  [[nodiscard]] std::size_t size() const { return heap_.size(); }
  // The earliest wake-up that is due, taken out.
  std::optional<WakeUp> pop(Timestamp now) {
    if (heap_.empty() || heap_.top().at > now) return std::nullopt;
    const WakeUp due = heap_.top();
    heap_.pop();
    return due;
  }

 private:
  std::priority_queue<WakeUp, std::vector<WakeUp>, std::greater<>> heap_;
};

}  // namespace koegura::capture
