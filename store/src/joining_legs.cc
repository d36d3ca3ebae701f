#include "joining_legs.h"

#include <algorithm>

namespace koegura::store {

void JoiningLegs::remember(CallRecord record, const Fingerprint& fingerprint) {
  *record.mutable_fingerprint() = fingerprint;
  remembered_.push_back(evidence_of(record, region_));
}

void JoiningLegs::begin() {
  conversations_.restore(std::move(remembered_));
  remembered_.clear();
}

JoiningLegs::Changes JoiningLegs::add(const CallRecord& record) {
  LegEvidence leg = evidence_of(record, region_);
  const Ulid id = leg.id;
  Conversations::Outcome outcome = conversations_.add(std::move(leg));
  Changes changes{record, std::move(outcome.placed), std::move(outcome.gone)};
  const auto own = std::find_if(changes.others.begin(), changes.others.end(),
                                [&](const PlacedLeg& placed) { return placed.leg == id; });
  set_place(changes.record, own->place);
  changes.others.erase(own);
  return changes;
}

void JoiningLegs::for_each_fingerprint(
    const std::function<void(const Ulid&, const Fingerprint&)>& visit) const {
  conversations_.for_each([&](const LegEvidence& leg) { visit(leg.id, fingerprint_of(leg)); });
}

void set_place(CallRecord& record, const Place& place) {
  record.set_conversation(place.conversation.text());
  record.clear_joining();
  for (const StandingTie& tie : place.ties) {
    Tie& out = *record.mutable_joining()->add_ties();
    out.set_call(tie.leg.text());
    out.set_by(std::string(name_of(tie.by)));
  }
  for (const Ulid& other : place.ambiguous) {
    record.mutable_joining()->add_ambiguous(other.text());
  }
}

}  // namespace koegura::store
