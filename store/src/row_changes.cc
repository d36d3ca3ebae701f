#include "row_changes.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "call_facts.h"
#include "call_walk.h"
#include "index_format.h"

namespace koegura::store {

namespace {

// Takes out what a record says of a call that is no more.
void forget_call(CallRecord& record, const std::string& gone) {
  if (!record.has_joining()) return;
  Joining& joining = *record.mutable_joining();
  auto& ties = *joining.mutable_ties();
  auto& ambiguous = *joining.mutable_ambiguous();
  const auto ties_end =
      std::remove_if(ties.begin(), ties.end(), [&](const Tie& tie) { return tie.call() == gone; });
  const auto ambiguous_end = std::remove(ambiguous.begin(), ambiguous.end(), gone);
  ties.erase(ties_end, ties.end());
  ambiguous.erase(ambiguous_end, ambiguous.end());
  if (ties.empty() && ambiguous.empty()) record.clear_joining();
}

Result<std::vector<CallRecord>> other_legs(const Index& index, const CallRecord& record) {
  std::vector<CallRecord> legs;
  const std::optional<Ulid> conversation = Ulid::parse(record.conversation());
  if (!conversation) return legs;
  WalkRange range;
  range.ids.last.bytes.fill(0xFF);
  range.oldest_first = true;
  const Result<std::unique_ptr<IdStream>> ids = legs_of(index, *conversation, range);
  if (!ids) return tl::make_unexpected(ids.error());
  while ((*ids)->current()) {
    const Ulid id = (*ids)->current()->id;
    Result<std::optional<CallRecord>> leg = index.get(id);
    if (!leg) return tl::make_unexpected(std::move(leg).error());
    const bool is_other = *leg && (*leg)->id() != record.id();
    if (is_other && (*leg)->conversation() == record.conversation()) {
      legs.push_back(std::move(**leg));
    }
    if (Result<void> moved = (*ids)->advance(); !moved) {
      return tl::make_unexpected(std::move(moved).error());
    }
  }
  return legs;
}

// Without the call: what still ties the legs together makes conversations of them, each with the id
// of its first leg. REQUIRES: in order of id.
std::vector<CallRecord> placed_without(const std::vector<CallRecord>& legs,
                                       const std::string& gone) {
  std::map<std::string, std::string> first;  // of each leg: the first one that it is tied to
  for (const CallRecord& leg : legs) first.emplace(leg.id(), leg.id());
  const auto first_of = [&](std::string id) {
    while (first.at(id) != id) id = first.at(id);
    return id;
  };
  std::vector<CallRecord> placed = legs;
  for (CallRecord& leg : placed) {
    forget_call(leg, gone);
    for (const Tie& tie : leg.joining().ties()) {
      if (!first.contains(tie.call())) continue;
      const auto [a, b] = std::minmax({first_of(leg.id()), first_of(tie.call())});
      first[b] = a;
    }
  }
  for (CallRecord& leg : placed) leg.set_conversation(first_of(leg.id()));
  return placed;
}

}  // namespace

void RowChanges::set(std::string key, std::string value) {
  changes_.push_back({std::move(key), std::move(value)});
}

void RowChanges::drop(std::string key) {
  changes_.push_back({std::move(key), std::nullopt});
}

Result<void> RowChanges::count(const CallRecord& record, int by) {
  const std::uint32_t day = day_of(*Ulid::parse(record.id()));
  auto known = days_.find(day);
  if (known == days_.end()) {
    const Result<std::optional<std::string>> value = index_.value(count_key(day));
    if (!value) return tl::make_unexpected(value.error());
    auto counts = decode_day_counts(value->value_or(std::string()));
    if (!counts) {
      return failure("the index's counts cannot be read: `koegura reindex` rebuilds it");
    }
    known = days_.emplace(day, std::move(*counts)).first;
  }
  std::uint64_t& count = known->second[facts_of(record).outcome];
  if (by > 0) ++count;
  if (by < 0 && count > 0) --count;
  return {};
}

void RowChanges::put_keys(const CallRecord& record) {
  for (OwnKey& own : keys_of(record, *Ulid::parse(record.id()))) {
    set(std::move(own.key), std::move(own.value));
  }
}

void RowChanges::drop_keys(const CallRecord& record) {
  for (OwnKey& own : keys_of(record, *Ulid::parse(record.id()))) drop(std::move(own.key));
}

Result<void> RowChanges::put(const std::optional<CallRecord>& before, const CallRecord& record) {
  const bool counts_as_before = before && facts_of(*before).outcome == facts_of(record).outcome;
  Result<void> done;
  if (before) drop_keys(*before);
  if (done && before && !counts_as_before) done = count(*before, -1);
  if (done && !counts_as_before) done = count(record, 1);
  if (!done) return done;
  set(call_key(*Ulid::parse(record.id())), record.SerializeAsString());
  put_keys(record);
  return {};
}

Result<void> RowChanges::derive(const CallRecord& record) {
  put_keys(record);
  return count(record, 1);
}

Result<void> RowChanges::remove(const CallRecord& record) {
  const Ulid id = *Ulid::parse(record.id());
  for (const std::string& key :
       {call_key(id), waiting_key(id), evidence_key(id), annotation_key(id)}) {
    drop(key);
  }
  drop_keys(record);
  Result<void> done = count(record, -1);
  if (done) done = place_others(record);
  if (done) done = clear_doubts(record);
  return done;
}

Result<void> RowChanges::place_others(const CallRecord& gone) {
  const Result<std::vector<CallRecord>> legs = other_legs(index_, gone);
  if (!legs) return tl::make_unexpected(legs.error());
  const std::vector<CallRecord> placed = placed_without(*legs, gone.id());
  for (std::size_t i = 0; i < placed.size(); ++i) {
    if (Result<void> done = put((*legs)[i], placed[i]); !done) return done;
  }
  return {};
}

// Both sides of a doubt name the other.
Result<void> RowChanges::clear_doubts(const CallRecord& gone) {
  for (const std::string& doubtful : gone.joining().ambiguous()) {
    const std::optional<Ulid> other = Ulid::parse(doubtful);
    if (!other) continue;
    const Result<std::optional<CallRecord>> before = index_.get(*other);
    if (!before) return tl::make_unexpected(before.error());
    if (!*before || (*before)->conversation() == gone.conversation()) continue;
    CallRecord after = **before;
    forget_call(after, gone.id());
    if (Result<void> done = put(*before, after); !done) return done;
  }
  return {};
}

std::vector<KeyChange> RowChanges::take() {
  for (const auto& [day, counts] : days_) {
    std::string value = encode_day_counts(counts);
    if (value.empty()) {
      drop(count_key(day));
    } else {
      set(count_key(day), std::move(value));
    }
  }
  days_.clear();
  return std::exchange(changes_, {});
}

}  // namespace koegura::store
