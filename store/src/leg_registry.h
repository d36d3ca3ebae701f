// LegRegistry: which of the legs that are known share a name, a payload or a moment with another,
// so that no leg has to be compared with all. What too many share is worn out, and leads to none.
// One thread.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "capture/address.h"
#include "leg_evidence.h"
#include "sharers.h"
#include "ties.h"

namespace koegura::store {

using Slots = std::vector<Slot>;

class LegRegistry {
 public:
  // Gives those legs, sorted, of which something that two of them share is worn out by this one.
  // REQUIRES: the leg lives until it leaves.
  Slots enter(Slot slot, const LegEvidence& leg);
  void leave(Slot slot);

  // Whoever the leg could have a relation with, sorted, each once.
  [[nodiscard]] Slots candidates(Slot slot) const;
  // The legs that have a payload, unless they are too many.
  [[nodiscard]] const Slots& holders(std::uint32_t hash) const { return hashes_.of(hash); }
  // REQUIRES: the registry outlives it.
  [[nodiscard]] Voids voids() const;

 private:
  using Moments = std::multimap<Timestamp, Slot>;
  struct HashHash {
    std::size_t operator()(std::uint32_t hash) const { return capture::mix(0, hash); }
  };

  static constexpr std::size_t kMostOfOnePayload = 16;
  static constexpr std::size_t kMostOfOneName = 64;
  // The forks of one INVITE counted once: more, and a device gives all its calls the same.
  static constexpr std::size_t kMostOfOneSession = 8;

  [[nodiscard]] bool is_of_too_many(const Slots& slots) const;
  static void add_between(Slots& out, const Moments& moments, Timestamp from, Timestamp to);
  static void erase(Moments& moments, Timestamp time, Slot slot);

  std::unordered_map<Slot, const LegEvidence*> legs_;
  Sharers<std::uint32_t, HashHash> hashes_{kMostOfOnePayload};
  Sharers<std::uint64_t> streams_{kMostOfOneName};
  Sharers<std::string> sessions_{kMostOfOneName};
  Sharers<std::string> call_ids_{kMostOfOneName};
  Sharers<std::string> named_{kMostOfOneName};  // Call-IDs that Replaces and Refer-To name
  Moments starts_;
  Moments answers_;
  Moments ends_;
  Moments refers_;
};

}  // namespace koegura::store
