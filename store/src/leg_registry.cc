#include "leg_registry.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace koegura::store {

namespace {

// Each once: what other legs may have, too.
struct LegKeys {
  explicit LegKeys(const LegEvidence& leg) {
    for (const auto& sketch : leg.sketches) {
      for (const SketchedPayload& payload : sketch) hashes.push_back(payload.hash);
    }
    keep_one_each(hashes);
    sessions = leg.session_ids;
    keep_one_each(sessions);
    for (const LegStream& stream : leg.streams) {
      if (stream.source.port == 0) continue;
      streams.push_back(capture::mix(
          capture::mix(capture::hash_of(stream.source), capture::hash_of(stream.destination)),
          stream.ssrc));
    }
    keep_one_each(streams);
    if (leg.replaces) named.push_back(leg.replaces->call_id);
    for (const SeenRefer& refer : leg.refers) {
      if (refer.replaces) named.push_back(refer.replaces->call_id);
    }
    keep_one_each(named);
    if (!leg.call_id.empty()) own.push_back(leg.call_id);
  }

  template <class Key>
  static void keep_one_each(std::vector<Key>& keys) {
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  }

  std::vector<std::uint32_t> hashes;
  std::vector<std::string> sessions;
  std::vector<std::uint64_t> streams;
  std::vector<std::string> named;  // Call-IDs of dialogs that it takes over or refers to
  std::vector<std::string> own;    // its Call-ID
};

}  // namespace

void LegRegistry::add_between(Slots& out, const Moments& moments, Timestamp from, Timestamp to) {
  const auto end = moments.upper_bound(to);
  for (auto at = moments.lower_bound(from); at != end; ++at) out.push_back(at->second);
}

void LegRegistry::erase(Moments& moments, Timestamp time, Slot slot) {
  const auto [begin, end] = moments.equal_range(time);
  const auto at = std::find_if(begin, end, [&](const auto& entry) { return entry.second == slot; });
  if (at != end) moments.erase(at);
}

Voids LegRegistry::voids() const {
  return {.is_common = [this](std::uint32_t hash) { return hashes_.is_worn_out(hash); },
          .is_worn_out = [this](const std::string& id) { return sessions_.is_worn_out(id); }};
}

Slots LegRegistry::enter(Slot slot, const LegEvidence& leg) {
  legs_[slot] = &leg;
  starts_.emplace(leg.start, slot);
  ends_.emplace(leg.end, slot);
  if (leg.answered) answers_.emplace(*leg.answered, slot);
  for (const SeenRefer& refer : leg.refers) refers_.emplace(refer.at, slot);

  Slots shaken;
  const auto note = [&](const Slots& legs) {
    shaken.insert(shaken.end(), legs.begin(), legs.end());
  };
  const LegKeys keys(leg);
  for (const std::uint32_t hash : keys.hashes) note(hashes_.add(hash, slot));
  for (const std::uint64_t stream : keys.streams) note(streams_.add(stream, slot));
  for (const std::string& id : keys.named) note(named_.add(id, slot));
  for (const std::string& id : keys.own) note(call_ids_.add(id, slot));
  for (const std::string& id : keys.sessions) {
    note(sessions_.add(id, slot));
    if (is_of_too_many(sessions_.of(id))) note(sessions_.wear_out(id));
  }
  std::erase(shaken, slot);
  LegKeys::keep_one_each(shaken);
  return shaken;
}

// More INVITEs than a conversation has, where those of one caller at one time are its forks.
bool LegRegistry::is_of_too_many(const Slots& slots) const {
  if (slots.size() <= kMostOfOneSession) return false;
  std::vector<std::pair<std::string_view, Timestamp>> invites;
  for (const Slot slot : slots) {
    const LegEvidence& leg = *legs_.at(slot);
    invites.emplace_back(leg.caller, leg.start);
  }
  std::sort(invites.begin(), invites.end());
  std::size_t count = 0;
  std::optional<std::pair<std::string_view, Timestamp>> first;
  for (const auto& invite : invites) {
    const bool is_fork =
        first && first->first == invite.first && invite.second - first->second <= kForkedWithin;
    if (is_fork) continue;
    first = invite;
    ++count;
  }
  return count > kMostOfOneSession;
}

Slots LegRegistry::candidates(Slot slot) const {
  const LegEvidence& leg = *legs_.at(slot);
  const LegKeys keys(leg);
  Slots found;
  const auto add = [&](const Slots& legs) { found.insert(found.end(), legs.begin(), legs.end()); };
  for (const std::uint32_t hash : keys.hashes) add(hashes_.of(hash));
  for (const std::uint64_t stream : keys.streams) add(streams_.of(stream));
  for (const std::string& id : keys.sessions) add(sessions_.of(id));
  for (const std::string& id : keys.named) add(call_ids_.of(id));
  for (const std::string& id : keys.own) add(named_.of(id));
  add_between(found, starts_, leg.start - kForkedWithin, leg.start + kForkedWithin);
  add_between(found, ends_, leg.end - kSameMoment, leg.end + kSameMoment);
  if (leg.answered) {
    add_between(found, answers_, *leg.answered - kSameMoment, *leg.answered + kSameMoment);
  }
  add_between(found, refers_, leg.start - kSoon, leg.start);
  for (const SeenRefer& refer : leg.refers) {
    add_between(found, starts_, refer.at, refer.at + kSoon);
  }
  std::erase(found, slot);
  LegKeys::keep_one_each(found);
  return found;
}

void LegRegistry::leave(Slot slot) {
  const LegEvidence& leg = *legs_.at(slot);
  const LegKeys keys(leg);
  for (const std::uint32_t hash : keys.hashes) hashes_.remove(hash, slot);
  for (const std::uint64_t stream : keys.streams) streams_.remove(stream, slot);
  for (const std::string& id : keys.named) named_.remove(id, slot);
  for (const std::string& id : keys.own) call_ids_.remove(id, slot);
  for (const std::string& id : keys.sessions) sessions_.remove(id, slot);
  erase(starts_, leg.start, slot);
  erase(ends_, leg.end, slot);
  if (leg.answered) erase(answers_, *leg.answered, slot);
  for (const SeenRefer& refer : leg.refers) erase(refers_, refer.at, slot);
  legs_.erase(slot);
}

}  // namespace koegura::store
