// GrowingCounter: a card's counter as it should be: from 0 when we began, and never less.
#pragma once

#include <cstdint>

namespace koegura::capture {

class GrowingCounter {
 public:
  explicit GrowingCounter(std::uint64_t at_start = 0) : last_(at_start) {}

  // What the card says now. Less than before: it was reset, or is narrow and wrapped; what it
  // shows then has come since.
  std::uint64_t update(std::uint64_t card) {
    sum_ += card >= last_ ? card - last_ : card;
    last_ = card;
    return sum_;
  }

 private:
  std::uint64_t last_;
  std::uint64_t sum_ = 0;
};

}  // namespace koegura::capture
