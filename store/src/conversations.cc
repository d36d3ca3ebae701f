#include "conversations.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "leg_registry.h"
#include "ties.h"

namespace koegura::store {

namespace {

// Legs that one sounds like: more, and it is an announcement that all of them hear.
constexpr std::size_t kMostAlike = 16;

constexpr std::size_t kBytesOfPayload = 100;   // in the registry
constexpr std::size_t kBytesOfRelation = 300;  // and of what leads to it

}  // namespace

class Conversations::Graph {
 public:
  explicit Graph(const Limits& limits) : limits_(limits), voids_(registry_.voids()) {}

  Outcome add(LegEvidence leg) {
    const Timestamp start = leg.start;
    const Slots touched = insert(std::move(leg));
    Outcome outcome;
    place(connected(touched), outcome.placed);
    let_go(start - kFarApart, outcome.gone);
    return outcome;
  }

  void restore(std::vector<LegEvidence> legs) {
    for (LegEvidence& leg : legs) insert(std::move(leg));
    std::set<Slot> left;
    for (const auto& [slot, leg] : legs_) left.insert(slot);
    std::vector<PlacedLeg> known;
    while (!left.empty()) {
      const Slots region = connected({*left.begin()});
      place(region, known);
      for (const Slot slot : region) left.erase(slot);
    }
  }

  [[nodiscard]] std::size_t size() const { return legs_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_ + relations_.size() * kBytesOfRelation; }

 private:
  struct Leg {
    LegEvidence evidence;
    Slots neighbours;
    std::size_t one_way = 0;  // relations that other holders of the payloads bear on
    std::size_t alike = 0;    // legs that it sounds like
    bool is_common = false;   // too many: no relation has their likeness, and those legs are:
    bool like_many = false;   // their likeness to others is not to be trusted
    std::optional<Place> place;
    Timestamp due;  // its key in due_
    std::size_t bytes = 0;
  };

  // Gives the legs whose places may have changed, or that are related to such.
  Slots insert(LegEvidence evidence) {
    const Slot slot = next_slot_++;
    Leg& leg = legs_[slot];
    leg.evidence = std::move(evidence);
    leg.due = leg.evidence.end;
    due_.emplace(leg.due, slot);
    const std::size_t payloads = leg.evidence.sketches[0].size() + leg.evidence.sketches[1].size();
    leg.bytes = leg.evidence.bytes() + payloads * kBytesOfPayload;
    bytes_ += leg.bytes;

    Slots touched = registry_.enter(slot, leg.evidence);
    relate_again(touched);
    Slots others = registry_.candidates(slot);
    // Those that sound like many come last: if this one does, too, they need not be compared.
    std::stable_partition(others.begin(), others.end(),
                          [&](Slot other) { return !legs_.at(other).is_common; });
    for (const Slot other : others) {
      relate(slot, other, touched);
      if (legs_.at(other).one_way > 0) touched.push_back(other);  // it may share what was theirs
    }
    touched.push_back(slot);
    return touched;
  }

  static std::uint64_t pair_of(Slot a, Slot b) {
    return std::uint64_t{std::min(a, b)} << 32U | std::max(a, b);
  }

  [[nodiscard]] Relation relation(Slot a, Slot b) const {
    const Leg* one = &legs_.at(a);
    const Leg* other = &legs_.at(b);
    if (other->evidence.id < one->evidence.id) std::swap(one, other);
    Relation relation = relation_between(one->evidence, other->evidence, voids_);
    if (!one->is_common || !other->is_common) {
      add_likeness(relation, one->evidence, other->evidence);
    }
    return relation;
  }

  void relate(Slot a, Slot b, Slots& touched) {
    Relation found = relation(a, b);
    if (found.likeness > 0) note_likeness(a, b, found, touched);
    if (!found.is_any()) return;
    count_one_way(a, b, found, 1);
    relations_.emplace(pair_of(a, b), std::move(found));
    legs_.at(a).neighbours.push_back(b);
    legs_.at(b).neighbours.push_back(a);
  }

  // A leg that sounds like too many is no evidence, and no rival that could be heard; what sounds
  // like it is not tied by sound either.
  void note_likeness(Slot a, Slot b, Relation& relation, Slots& touched) {
    relation.is_alike = true;
    for (const Slot slot : {a, b}) {
      if (++legs_.at(slot).alike > kMostAlike && !legs_.at(slot).is_common) {
        make_common(slot, touched);
      }
    }
    if (!legs_.at(a).is_common && !legs_.at(b).is_common) return;
    drop_likeness(relation);
    for (const Slot slot : {a, b}) {
      legs_.at(slot).like_many = true;
      touched.push_back(slot);
    }
  }

  void make_common(Slot slot, Slots& touched) {
    legs_.at(slot).is_common = true;
    const Slots neighbours = legs_.at(slot).neighbours;
    for (const Slot other : neighbours) {
      Relation& relation = relations_.at(pair_of(slot, other));
      if (relation.likeness == 0) continue;
      drop_likeness(relation);
      legs_.at(other).like_many = true;
      touched.push_back(other);
      if (!relation.is_any()) unrelate(slot, other);
    }
  }

  static void drop_likeness(Relation& relation) {
    relation.likeness = 0;
    relation.likeness_counts = false;
  }

  void unrelate(Slot a, Slot b) {
    const auto at = relations_.find(pair_of(a, b));
    count_one_way(a, b, at->second, static_cast<std::size_t>(-1));
    relations_.erase(at);
    std::erase(legs_.at(a).neighbours, b);
    std::erase(legs_.at(b).neighbours, a);
  }

  void count_one_way(Slot a, Slot b, const Relation& relation, std::size_t by) {
    if (relation.payload.kind != PayloadMatch::Kind::kOneWay) return;
    legs_.at(a).one_way += by;
    legs_.at(b).one_way += by;
  }

  // What these have in common has become less.
  void relate_again(Slots& touched) {
    const Slots legs = touched;
    for (const Slot slot : legs) {
      const Slots neighbours = legs_.at(slot).neighbours;
      for (const Slot other : neighbours) {
        const bool both = std::binary_search(legs.begin(), legs.end(), other);
        if (slot < other && both) relate_again(slot, other, touched);
      }
    }
  }
  void relate_again(Slot a, Slot b, Slots& touched) {
    const auto relation = relations_.find(pair_of(a, b));
    if (relation == relations_.end()) return;  // one of the two has come to sound like many
    if (relation->second.is_alike) {
      --legs_.at(a).alike;
      --legs_.at(b).alike;
    }
    unrelate(a, b);
    relate(a, b, touched);
  }

  // All that a path of relations leads to.
  [[nodiscard]] Slots connected(const Slots& from) const {
    Slots found = from;
    std::set<Slot> seen(from.begin(), from.end());
    found.assign(seen.begin(), seen.end());
    for (std::size_t at = 0; at < found.size(); ++at) {
      for (const Slot next : legs_.at(found[at]).neighbours) {
        if (seen.insert(next).second) found.push_back(next);
      }
    }
    return found;
  }

  void place(const Slots& slots, std::vector<PlacedLeg>& changed) {
    std::unordered_map<Slot, std::size_t> index;
    Region region;
    for (const Slot slot : slots) {
      index.emplace(slot, region.legs.size());
      region.legs.push_back(&legs_.at(slot).evidence);
    }
    for (const Slot slot : slots) {
      const Leg& leg = legs_.at(slot);
      for (const Slot other : leg.neighbours) {
        const bool is_first = leg.evidence.id < legs_.at(other).evidence.id;
        if (is_first) region.edges.push_back(edge(slot, other, index));
      }
    }
    std::vector<Place> places = judge(region);
    for (std::size_t i = 0; i < slots.size(); ++i) {
      Leg& leg = legs_.at(slots[i]);
      if (leg.place == places[i]) continue;
      leg.place = std::move(places[i]);
      changed.push_back({leg.evidence.id, *leg.place});
    }
  }

  [[nodiscard]] RegionEdge edge(Slot a, Slot b,
                                const std::unordered_map<Slot, std::size_t>& index) const {
    const Relation& relation = relations_.at(pair_of(a, b));
    RegionEdge edge{index.at(a), index.at(b), &relation, {}, false};
    edge.like_many = legs_.at(a).like_many || legs_.at(b).like_many;
    if (relation.payload.kind != PayloadMatch::Kind::kOneWay) return edge;
    for (const std::uint32_t hash : relation.payload.hashes) {
      for (const Slot holder : registry_.holders(hash)) {
        if (holder == a || holder == b) continue;
        const auto at = index.find(holder);
        edge.holders.push_back(at == index.end() ? kNowhere : at->second);
      }
    }
    std::sort(edge.holders.begin(), edge.holders.end());
    edge.holders.erase(std::unique(edge.holders.begin(), edge.holders.end()), edge.holders.end());
    return edge;
  }

  // What ended before, and what there is no room for: whole conversations, with all that bears on
  // them.
  void let_go(Timestamp before, std::vector<Ulid>& gone) {
    while (!due_.empty() && (due_.begin()->first < before || bytes() > limits_.bytes)) {
      const Slot slot = due_.begin()->second;
      const Slots together = connected({slot});
      Timestamp last = legs_.at(slot).due;
      for (const Slot other : together) last = std::max(last, legs_.at(other).evidence.end);
      if (last > legs_.at(slot).due) {
        due_.erase(due_.begin());
        legs_.at(slot).due = last;
        due_.emplace(last, slot);
        continue;
      }
      for (const Slot other : together) {
        gone.push_back(legs_.at(other).evidence.id);
        remove(other);
      }
    }
  }

  void remove(Slot slot) {
    Leg& leg = legs_.at(slot);
    const Slots neighbours = leg.neighbours;
    for (const Slot other : neighbours) unrelate(slot, other);
    registry_.leave(slot);
    const auto [begin, end] = due_.equal_range(leg.due);
    due_.erase(std::find_if(begin, end, [&](const auto& entry) { return entry.second == slot; }));
    bytes_ -= leg.bytes;
    legs_.erase(slot);
  }

  const Limits limits_;
  LegRegistry registry_;
  const Voids voids_;
  Slot next_slot_ = 0;
  std::unordered_map<Slot, Leg> legs_;
  std::unordered_map<std::uint64_t, Relation> relations_;  // by pair_of
  std::size_t bytes_ = 0;                                  // of the legs
  // By their ends, or those of the last leg that they are related to.
  std::multimap<Timestamp, Slot> due_;
};

Conversations::Conversations() : Conversations(Limits()) {}
Conversations::Conversations(const Limits& limits) : graph_(std::make_unique<Graph>(limits)) {}
Conversations::~Conversations() = default;

Conversations::Outcome Conversations::add(LegEvidence leg) {
  return graph_->add(std::move(leg));
}
void Conversations::restore(std::vector<LegEvidence> legs) {
  graph_->restore(std::move(legs));
}
std::size_t Conversations::size() const {
  return graph_->size();
}
std::size_t Conversations::bytes() const {
  return graph_->bytes();
}

}  // namespace koegura::store
