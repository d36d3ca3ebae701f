// Payload match: whether one leg's audio is the other's, relayed byte for byte.
//
// A relay receives a payload and sends it on within a second: the two legs' sketches share hashes,
// at one lag. Shared payloads from one and the same address are no relaying: that is one box that
// plays the same music to many.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "leg_evidence.h"

namespace koegura::store {

// Payloads that too many legs have: music, tones.
using IsCommon = std::function<bool(std::uint32_t hash)>;

struct PayloadMatch {
  enum class Kind : std::uint8_t {
    kNone,
    kOneWay,    // of the other direction there is nothing to compare: holds if it is theirs alone
    kBothWays,  // needs no third leg's word
  };
  Kind kind = Kind::kNone;
  std::vector<std::uint32_t> hashes;  // that they share; for kOneWay alone
};

// Symmetric, and pure but for is_common, which only takes away: it makes no match of none.
[[nodiscard]] PayloadMatch match_payloads(const LegEvidence& a, const LegEvidence& b,
                                          const IsCommon& is_common);

// Whether one of the boxes that one leg's stream goes to sends one of the other's: the relay can be
// seen.
[[nodiscard]] bool relay_is_seen(const LegEvidence& a, const LegEvidence& b);

// Whether all media of both come from one address, so that sources tell nothing apart.
[[nodiscard]] bool is_one_host(const LegEvidence& a, const LegEvidence& b);

}  // namespace koegura::store
