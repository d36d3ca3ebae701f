// Level match: whether two legs carry the same voices in different codecs: their levels rise and
// fall together. Weaker than payloads, and never enough when a third leg sounds alike.
#pragma once

#include <optional>

#include "leg_evidence.h"

namespace koegura::store {

// Pearson's r of what counts as alike, measured in store/NOTES.md.
inline constexpr double kAlike = 0.75;
inline constexpr double kRivalMargin = 0.15;  // nearer than this another leg makes it ambiguous

struct LevelMatch {
  double likeness = 0;    // of the less like direction
  bool both_ways = true;  // false: in one direction there was nothing to hear in either leg
  bool crossed = false;   // the caller of the one is the callee of the other
};

// Nothing below kAlike - kRivalMargin, or where they overlap too little or say too little.
[[nodiscard]] std::optional<LevelMatch> match_levels(const LegEvidence& a, const LegEvidence& b);

}  // namespace koegura::store
