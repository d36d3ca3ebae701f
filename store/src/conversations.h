// Conversations: the legs of the last hours, and which of them are one conversation.
//
//   restore? add*
//
// One thread. What is known of a set of legs does not depend on the order in which they were added,
// within the limits. Memory is bounded by Limits; a conversation goes as a whole, the one that
// ended first. Nothing here is quadratic: legs are compared if they share a name or a payload that
// few have, or begin, answer or end together.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "leg_evidence.h"
#include "verdict.h"

namespace koegura::store {

struct PlacedLeg {
  Ulid leg;
  Place place;
};

class Conversations {
 public:
  struct Limits {
    std::size_t bytes = 64U << 20U;
  };
  struct Outcome {
    std::vector<PlacedLeg> placed;  // the new leg, and all whose place has changed
    std::vector<Ulid> gone;         // no longer known: their places are final
  };

  Conversations();
  explicit Conversations(const Limits& limits);
  Conversations(const Conversations&) = delete;
  Conversations& operator=(const Conversations&) = delete;
  ~Conversations();

  // REQUIRES: no leg of this id is known.
  Outcome add(LegEvidence leg);
  // What another Conversations knew, before anything is added.
  void restore(std::vector<LegEvidence> legs);

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::size_t bytes() const;

 private:
  class Graph;
  std::unique_ptr<Graph> graph_;
};

}  // namespace koegura::store
