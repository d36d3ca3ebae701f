// LegMoments: which legs began, were answered, ended or were transferred near some time.
#pragma once

#include <map>
#include <vector>

#include "leg_evidence.h"
#include "sharers.h"

namespace koegura::store {

using Slots = std::vector<Slot>;
using Moments = std::multimap<Timestamp, Slot>;

// REQUIRES: it is there.
void erase_moment(Moments& moments, Timestamp time, Slot slot);

class LegMoments {
 public:
  void add(const LegEvidence& leg, Slot slot);
  // REQUIRES: added with the same evidence.
  void remove(const LegEvidence& leg, Slot slot);
  // Those that may be its twin, a fork of the same INVITE, or one end of a transfer to it or from
  // it; some several times, and itself.
  [[nodiscard]] Slots near(const LegEvidence& leg) const;

 private:
  Moments starts_;
  Moments answers_;
  Moments ends_;
  Moments refers_;
};

}  // namespace koegura::store
