#include "fragments.h"

#include <cassert>
#include <limits>
#include <utility>

namespace koegura::capture {

namespace {

constexpr Duration kFragmentSweepInterval = std::chrono::seconds(1);
// How long a whole datagram is remembered for the sake of copies of its fragments.
constexpr Duration kFragmentCopyWindow = std::chrono::seconds(1);
constexpr std::uint32_t kMaxFrames = std::numeric_limits<std::uint16_t>::max();

}  // namespace

std::size_t Fragments::KeyHash::operator()(const Key& key) const {
  return mix(hash_of(Endpoint{key.source, key.protocol}),
             hash_of(Endpoint{key.destination, 0}) ^ key.id);
}

std::optional<WholeDatagram> Fragments::add(const IpHeader& fragment, Timestamp time,
                                            std::uint16_t frames) {
  assert(fragment.is_fragment());
  Entry& entry = find_or_create(key_of(fragment), time);
  if (entry.refused) {
    accounting_.count(*entry.refused, frames);
    return std::nullopt;
  }
  if (entry.datagram.is_copy(fragment)) {
    accounting_.count(Outcome::kDuplicate, frames);
    return std::nullopt;
  }
  if (entry.datagram.complete()) restart(entry, time);
  entry.frames += frames;
  auto defect = entry.datagram.defect_of(fragment);
  // Reachable only by fragments within fragments; the packet could not say how many it stands for.
  if (entry.frames > kMaxFrames) defect = Defect::kFragmentTooLarge;
  if (defect) {
    refuse(entry, *defect);
    return std::nullopt;
  }
  entry.datagram.place(fragment);
  if (!entry.datagram.complete()) return std::nullopt;
  const auto all_frames = static_cast<std::uint16_t>(std::exchange(entry.frames, 0));
  return WholeDatagram{complete(entry, time), all_frames};
}

std::uint64_t Fragments::waiting() const {
  std::uint64_t frames = 0;
  for (const Entry& entry : partial_) frames += entry.frames;
  for (const Entry& entry : whole_) frames += entry.frames;
  return frames;
}

void Fragments::advance(Timestamp now) {
  if (swept_ && now >= *swept_ && now - *swept_ < kFragmentSweepInterval) return;
  swept_ = now;
  sweep(partial_, now);
  sweep(whole_, now);
}

void Fragments::finish() {
  while (!partial_.empty()) erase(partial_, partial_.begin());
  while (!whole_.empty()) erase(whole_, whole_.begin());
}

Fragments::Key Fragments::key_of(const IpHeader& fragment) {
  return {fragment.source(), fragment.destination(), fragment.fragment.id,
          fragment.is_v6 ? std::uint8_t{0} : fragment.protocol, fragment.is_v6};
}

Fragments::Entry& Fragments::find_or_create(const Key& key, Timestamp time) {
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) {
    Entry& entry = *found->second;
    if (!expired(entry, time)) return entry;
    erase(entry.datagram.complete() ? whole_ : partial_, found->second);
  }
  if (by_key_.size() >= options_.max_datagrams_in_reassembly) make_room();
  partial_.push_back({key, time, {}, std::nullopt, 0});
  by_key_.emplace(key, std::prev(partial_.end()));
  return partial_.back();
}

// The oldest goes, not the newest: fragments come within milliseconds of each other or not at all,
// and a mirror that loses some would otherwise refuse every new datagram until the timeout.
void Fragments::make_room() {
  if (!whole_.empty()) return erase(whole_, whole_.begin());
  if (partial_.empty()) return;
  if (!partial_.front().refused) ++stats_.datagrams_given_up;
  erase(partial_, partial_.begin(), Defect::kFragmentTableFull);
}

bool Fragments::expired(const Entry& entry, Timestamp now) const {
  const Duration limit =
      entry.datagram.complete() ? kFragmentCopyWindow : options_.fragment_timeout;
  const Duration age = now - entry.since;
  return age > limit || age < -limit;  // the clock was put back: nothing waits for it to catch up
}

// The entry stays until the timeout, for the fragments that are still to come.
void Fragments::refuse(Entry& entry, Defect defect) {
  accounting_.count(defect, std::exchange(entry.frames, 0));
  entry.datagram = PartialDatagram{};
  entry.refused = defect;
}

// The sender has come round to the id of a datagram that is whole.
void Fragments::restart(Entry& entry, Timestamp time) {
  partial_.splice(partial_.end(), whole_, by_key_.at(entry.key));
  entry.datagram = PartialDatagram{};
  entry.since = time;
}

Bytes Fragments::complete(Entry& entry, Timestamp time) {
  // Built before the last one goes: the fragment itself may lie in it, out of a tunnel whose own
  // datagrams were fragmented.
  assembled_ = entry.datagram.assemble();
  whole_.splice(whole_.end(), partial_, by_key_.at(entry.key));
  entry.since = time;
  return assembled_;
}

void Fragments::erase(Entries& entries, Entries::iterator entry, Defect defect) {
  accounting_.count(defect, entry->frames);
  by_key_.erase(entry->key);
  entries.erase(entry);
}

void Fragments::sweep(Entries& entries, Timestamp now) {
  for (auto entry = entries.begin(); entry != entries.end();) {
    const auto next = std::next(entry);
    if (expired(*entry, now)) erase(entries, entry);
    entry = next;
  }
}

}  // namespace koegura::capture
