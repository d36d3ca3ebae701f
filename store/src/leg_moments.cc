#include "leg_moments.h"

#include <algorithm>

#include "ties.h"

namespace koegura::store {

namespace {

void add_between(Slots& out, const Moments& moments, Timestamp from, Timestamp to) {
  const auto end = moments.upper_bound(to);
  for (auto at = moments.lower_bound(from); at != end; ++at) out.push_back(at->second);
}

}  // namespace

void erase_moment(Moments& moments, Timestamp time, Slot slot) {
  const auto [begin, end] = moments.equal_range(time);
  const auto at = std::find_if(begin, end, [&](const auto& entry) { return entry.second == slot; });
  if (at != end) moments.erase(at);
}

void LegMoments::add(const LegEvidence& leg, Slot slot) {
  starts_.emplace(leg.start, slot);
  ends_.emplace(leg.end, slot);
  if (leg.answered) answers_.emplace(*leg.answered, slot);
  for (const SeenRefer& refer : leg.refers) refers_.emplace(refer.at, slot);
}

void LegMoments::remove(const LegEvidence& leg, Slot slot) {
  erase_moment(starts_, leg.start, slot);
  erase_moment(ends_, leg.end, slot);
  if (leg.answered) erase_moment(answers_, *leg.answered, slot);
  for (const SeenRefer& refer : leg.refers) erase_moment(refers_, refer.at, slot);
}

Slots LegMoments::near(const LegEvidence& leg) const {
  Slots found;
  add_between(found, starts_, leg.start - kForkedWithin, leg.start + kForkedWithin);
  add_between(found, ends_, leg.end - kSameMoment, leg.end + kSameMoment);
  if (leg.answered) {
    add_between(found, answers_, *leg.answered - kSameMoment, *leg.answered + kSameMoment);
  }
  add_between(found, refers_, leg.start - kSoon, leg.start);
  for (const SeenRefer& refer : leg.refers) {
    add_between(found, starts_, refer.at, refer.at + kSoon);
  }
  return found;
}

}  // namespace koegura::store
