#include "joining_legs.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "index_format.h"

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

Result<std::unique_ptr<JoiningLegs>> legs_of_index(const Index& index, const std::string& region) {
  const Result<std::unique_ptr<IndexCursor>> cursor = index.cursor();
  if (!cursor) return tl::make_unexpected(cursor.error());
  auto legs = std::make_unique<JoiningLegs>(region);
  IndexCursor& at = **cursor;
  for (at.seek(std::string(1, static_cast<char>(KeyKind::kEvidence))); at.valid(); at.next()) {
    const std::optional<Ulid> id = id_of_evidence_key(at.key());
    if (!id) break;
    Fingerprint fingerprint;
    const std::string_view value = at.value();
    if (!fingerprint.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
      return failure("the index's fingerprint of call " + id->text() +
                     " cannot be read: `koegura reindex` rebuilds it");
    }
    Result<std::optional<CallRecord>> record = index.get(*id);
    if (!record) return tl::make_unexpected(std::move(record).error());
    if (*record) legs->remember(std::move(**record), fingerprint);
  }
  if (Result<void> read = at.status(); !read) return tl::make_unexpected(std::move(read).error());
  legs->begin();
  return legs;
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
