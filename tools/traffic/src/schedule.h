// Schedule: calls (or conversations) one after another in slots, so that never more than
// `concurrency` are going on, their frames merged by time.
//
// Run: begin(number, start) -> Result<unique_ptr<Live>>   numbers from 0 on, each once
//      end(const Live&) -> Result<void>                   it was due never
//      healthy() -> bool                                  false: nothing more is wanted
// Live: due() -> Timestamp, kNever once it is over; emit(now) with now == due()
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "capture/error.h"
#include "random.h"
#include "tournament.h"

namespace koegura::traffic {

// How a schedule begins what it runs.
struct Pace {
  std::uint32_t count = 0;
  std::uint32_t concurrency = 0;
  Timestamp start;
  Duration step{};  // between the first ones, one in each slot
  std::uint64_t seed = 0;
};

template <typename Run>
class Schedule {
 public:
  // REQUIRES: run outlives this; count and concurrency are above 0.
  Schedule(const Pace& pace, Run& run)
      : pace_(pace),
        run_(run),
        slots_(std::min(pace.count, pace.concurrency)),
        order_(static_cast<std::uint32_t>(slots_.size())) {}

  Result<void> run() {
    for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
      if (auto begun = begin(slot, pace_.start + pace_.step * slot); !begun) return begun;
    }
    while (order_.due() != kNever && run_.healthy()) {
      const std::uint32_t slot = order_.first();
      now_ = order_.due();
      slots_[slot]->emit(now_);
      const Timestamp due = slots_[slot]->due();
      order_.set(slot, due);
      if (due != kNever) continue;
      auto done = run_.end(*slots_[slot]);
      if (done) done = follow(slot);
      if (!done) return done;
    }
    return {};
  }

 private:
  using Slot = typename decltype(std::declval<Run&>().begin(0, Timestamp()))::value_type;

  Result<void> begin(std::uint32_t slot, Timestamp start) {
    auto begun = run_.begin(next_++, start);
    if (!begun) return tl::make_unexpected(std::move(begun.error()));
    slots_[slot] = std::move(*begun);
    order_.set(slot, slots_[slot]->due());
    return {};
  }
  // The next one after a short pause, if there is one.
  Result<void> follow(std::uint32_t slot) {
    constexpr std::uint64_t kPause = 6;  // a purpose of Random
    slots_[slot].reset();
    if (next_ == pace_.count) return {};
    Random random(pace_.seed, kPause, next_);
    return begin(slot, now_ + random.between(std::chrono::milliseconds(100),
                                             std::chrono::milliseconds(900)));
  }

  const Pace pace_;
  Run& run_;
  std::vector<Slot> slots_;
  Tournament order_;
  std::uint32_t next_ = 0;
  Timestamp now_;
};

}  // namespace koegura::traffic
