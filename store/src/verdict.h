// Verdict: which of the relations between some legs stand, and which conversations that makes.
//
//   1. What is firm stands.
//   2. Likeness of audio stands unless a third leg, not of the same conversation by 1, is as like.
//   3. A REFER or a fork's loss stands if one conversation by 1 and 2 fits and no other.
//
// A function of the set of legs and not of the order in which they came: a live recorder sees them
// as they end, a reindex as they began.
#pragma once

#include <cstddef>
#include <vector>

#include "leg_evidence.h"
#include "ties.h"

namespace koegura::store {

inline constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

// Legs by their index in Region::legs.
struct RegionEdge {
  std::size_t a = 0;
  std::size_t b = 0;  // legs[a]->id < legs[b]->id
  const Relation* relation = nullptr;
  // Who else has the payloads of relation->payload; kNowhere for a leg that is not in the region.
  std::vector<std::size_t> holders;
  bool like_many = false;  // one of the two sounds like a leg that sounds like too many
};

// Legs with all their relations: whoever is related to a leg of the region is in it, too.
struct Region {
  std::vector<const LegEvidence*> legs;
  std::vector<RegionEdge> edges;
};

struct StandingTie {
  Ulid leg;  // the other one
  TieKind by = TieKind::kSessionId;
  friend bool operator==(const StandingTie&, const StandingTie&) = default;
};

// Where one leg belongs.
struct Place {
  Ulid conversation;              // the smallest id of its legs
  std::vector<StandingTie> ties;  // in order of leg; at most kMostTies
  std::vector<Ulid> ambiguous;    // legs of other conversations that it may belong to; sorted
  friend bool operator==(const Place&, const Place&) = default;
};
inline constexpr std::size_t kMostTies = 32;  // a hunt group of hundreds is told by its first ones

// One place for each leg of the region.
[[nodiscard]] std::vector<Place> judge(const Region& region);

}  // namespace koegura::store
