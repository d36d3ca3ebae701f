#include "verdict.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "level_match.h"

namespace koegura::store {

namespace {

// Sets of legs, joined pair by pair.
class Groups {
 public:
  explicit Groups(std::size_t size) : parent_(size) {
    std::iota(parent_.begin(), parent_.end(), 0);
  }
  [[nodiscard]] std::size_t of(std::size_t leg) const {
    while (parent_[leg] != leg) leg = parent_[leg];
    return leg;
  }
  void join(std::size_t a, std::size_t b) {
    a = of(a);
    b = of(b);
    if (a == b) return;
    if (size_[a] < size_[b]) std::swap(a, b);
    parent_[b] = a;
    size_[a] += size_[b];
  }
  [[nodiscard]] bool are_one(std::size_t a, std::size_t b) const { return of(a) == of(b); }
  [[nodiscard]] bool is_alone(std::size_t leg) const { return size_[of(leg)] == 1; }

 private:
  std::vector<std::size_t> parent_;
  std::vector<std::size_t> size_ = std::vector<std::size_t>(parent_.size(), 1);
};

// An edge as one of its legs sees it.
struct Neighbour {
  std::size_t leg;
  const RegionEdge* edge;
};

class Trial {
 public:
  explicit Trial(const Region& region)
      : region_(region),
        neighbours_(region.legs.size()),
        groups_(region.legs.size()),
        ties_(region.legs.size()),
        doubts_(region.legs.size()) {
    for (const RegionEdge& edge : region.edges) {
      neighbours_[edge.a].push_back({edge.b, &edge});
      neighbours_[edge.b].push_back({edge.a, &edge});
    }
  }

  [[nodiscard]] std::vector<Place> run() {
    hear_firm();
    hear_audio();
    hear_messages();
    return places();
  }

 private:
  struct Standing {
    std::size_t a;
    std::size_t b;
    TieKind by;
  };

  void hear_firm() {
    for (const RegionEdge& edge : region_.edges) {
      if (edge.relation->firm()) stand({edge.a, edge.b, *edge.relation->firm()});
    }
  }

  // Each by what was firm alone: one that stands does not help another.
  void hear_audio() {
    std::vector<Standing> heard;
    for (const RegionEdge& edge : region_.edges) {
      const auto by = edge.relation->conditional();
      if (!by || edge.relation->firm()) continue;
      if (groups_.are_one(edge.a, edge.b) || !is_contested(edge, *by)) {
        heard.push_back({edge.a, edge.b, *by});
      } else {
        doubt(edge.a, edge.b);
      }
    }
    for (const Standing& standing : heard) stand(standing);
  }

  [[nodiscard]] bool is_contested(const RegionEdge& edge, TieKind by) const {
    if (by == TieKind::kPayload) {
      return std::any_of(edge.holders.begin(), edge.holders.end(), [&](std::size_t third) {
        return third == kNowhere || is_stranger(edge, third);
      });
    }
    return edge.like_many || has_rival(edge, edge.a, edge.b) || has_rival(edge, edge.b, edge.a);
  }

  // Another leg than `chosen` that `leg` sounds like, at the same time.
  [[nodiscard]] bool has_rival(const RegionEdge& edge, std::size_t leg, std::size_t chosen) const {
    constexpr Duration kAtOnce = std::chrono::seconds(1);
    const double least = edge.relation->likeness - kRivalMargin;
    return std::any_of(
        neighbours_[leg].begin(), neighbours_[leg].end(), [&](const Neighbour& neighbour) {
          return neighbour.edge->relation->likeness >= std::max(least, kAlike - kRivalMargin) &&
                 is_stranger(edge, neighbour.leg) &&
                 overlap(*region_.legs[neighbour.leg], *region_.legs[chosen]) > kAtOnce;
        });
  }

  // Neither of the two's conversation by firm ties, nor tied to both as they are to each other.
  [[nodiscard]] bool is_stranger(const RegionEdge& edge, std::size_t third) const {
    if (groups_.are_one(third, edge.a) || groups_.are_one(third, edge.b)) return false;
    return !may_be_tied(third, edge.a) || !may_be_tied(third, edge.b);
  }

  [[nodiscard]] bool may_be_tied(std::size_t leg, std::size_t other) const {
    return std::any_of(
        neighbours_[leg].begin(), neighbours_[leg].end(), [&](const auto& neighbour) {
          return neighbour.leg == other &&
                 (neighbour.edge->relation->firm() || neighbour.edge->relation->conditional());
        });
  }

  // By what stands so far: the result for one leg does not help another.
  void hear_messages() {
    std::vector<Standing> heard;
    for (std::size_t leg = 0; leg < region_.legs.size(); ++leg) {
      hear_referrals(leg, heard);
      hear_losses(leg, heard);
    }
    for (const Standing& standing : heard) stand(standing);
  }

  struct Candidate {
    std::size_t leg;
    Referral referral;
  };

  [[nodiscard]] static const std::optional<Referral>& referral_of(const RegionEdge& edge,
                                                                  std::size_t referrer) {
    return edge.a == referrer ? edge.relation->a_referred_b : edge.relation->b_referred_a;
  }

  [[nodiscard]] std::vector<Candidate> referrers_of(std::size_t leg) const {
    std::vector<Candidate> found;
    for (const Neighbour& neighbour : neighbours_[leg]) {
      const auto& referral = referral_of(*neighbour.edge, neighbour.leg);
      if (referral) found.push_back({neighbour.leg, *referral});
    }
    return found;
  }

  // Another leg followed the same REFER before `moment`: of another conversation, and no fork of
  // the same INVITE.
  [[nodiscard]] bool is_used_up(const Candidate& candidate, std::size_t leg,
                                Timestamp moment) const {
    return std::any_of(neighbours_[candidate.leg].begin(), neighbours_[candidate.leg].end(),
                       [&](const Neighbour& neighbour) {
                         const auto& referral = referral_of(*neighbour.edge, candidate.leg);
                         return referral && referral->at == candidate.referral.at &&
                                region_.legs[neighbour.leg]->start < moment &&
                                !groups_.are_one(neighbour.leg, leg) &&
                                !are_forks(neighbour.leg, leg);
                       });
  }

  [[nodiscard]] bool are_forks(std::size_t a, std::size_t b) const {
    const LegEvidence& one = *region_.legs[a];
    const LegEvidence& other = *region_.legs[b];
    const Duration between = std::max(one.start, other.start) - std::min(one.start, other.start);
    return one.caller == other.caller && between <= kForkedWithin;
  }

  // With Referred-By the last REFER comes into question, and earlier ones that nobody had followed
  // by then; without it, one that no other leg follows. (A leg has candidates of one of the kinds.)
  void hear_referrals(std::size_t leg, std::vector<Standing>& heard) {
    const std::vector<Candidate> all = referrers_of(leg);
    Timestamp last = Timestamp::min();
    for (const Candidate& candidate : all) last = std::max(last, candidate.referral.at);
    std::vector<std::size_t> fit;
    for (const Candidate& candidate : all) {
      const bool named = candidate.referral.named;
      const bool is_last = named && candidate.referral.at == last;
      const Timestamp until = named ? last : candidate.referral.at + kSoon;
      if (is_last || !is_used_up(candidate, leg, until)) {
        fit.push_back(candidate.leg);
      } else if (!named) {
        doubt(leg, candidate.leg);
      }
    }
    settle(leg, fit, TieKind::kRefer, heard);
  }

  // Of a leg that has its conversation already, the winner is to be found there: whoever picked up
  // its call need not look like a fork of it.
  void hear_losses(std::size_t leg, std::vector<Standing>& heard) {
    std::vector<std::size_t> winners;
    for (const Neighbour& neighbour : neighbours_[leg]) {
      const Relation& relation = *neighbour.edge->relation;
      const bool lost = neighbour.edge->a == leg ? relation.a_lost_to_b : relation.b_lost_to_a;
      const bool is_of_its_own = groups_.is_alone(leg) || groups_.are_one(leg, neighbour.leg);
      if (lost && is_of_its_own) winners.push_back(neighbour.leg);
    }
    settle(leg, winners, TieKind::kElsewhere, heard);
  }

  // One conversation fits: the leg's own if that is among them, else the only one.
  void settle(std::size_t leg, const std::vector<std::size_t>& fit, TieKind by,
              std::vector<Standing>& heard) {
    std::set<std::size_t> conversations;
    for (const std::size_t other : fit) conversations.insert(groups_.of(other));
    const bool has_own = conversations.count(groups_.of(leg)) != 0;
    for (const std::size_t other : fit) {
      if (groups_.are_one(leg, other) || (!has_own && conversations.size() == 1)) {
        heard.push_back({leg, other, by});
      } else if (!has_own) {
        doubt(leg, other);
      }
    }
  }

  void stand(const Standing& standing) {
    groups_.join(standing.a, standing.b);
    keep_strongest(standing.a, standing.b, standing.by);
    keep_strongest(standing.b, standing.a, standing.by);
  }
  void keep_strongest(std::size_t leg, std::size_t other, TieKind by) {
    const auto [at, is_new] = ties_[leg].emplace(region_.legs[other]->id, by);
    if (!is_new) at->second = std::min(at->second, by);
  }
  void doubt(std::size_t a, std::size_t b) {
    doubts_[a].insert(b);
    doubts_[b].insert(a);
  }

  [[nodiscard]] std::vector<Place> places() const {
    std::map<std::size_t, Ulid> first;  // id of each conversation
    for (std::size_t leg = 0; leg < region_.legs.size(); ++leg) {
      const auto [at, is_new] = first.emplace(groups_.of(leg), region_.legs[leg]->id);
      if (!is_new) at->second = std::min(at->second, region_.legs[leg]->id);
    }
    std::vector<Place> places(region_.legs.size());
    for (std::size_t leg = 0; leg < places.size(); ++leg) {
      Place& place = places[leg];
      place.conversation = first.at(groups_.of(leg));
      for (const auto& [other, by] : ties_[leg]) place.ties.push_back({other, by});
      if (place.ties.size() > kMostTies) place.ties.resize(kMostTies);
      for (const std::size_t other : doubts_[leg]) {
        if (!groups_.are_one(leg, other)) place.ambiguous.push_back(region_.legs[other]->id);
      }
      std::sort(place.ambiguous.begin(), place.ambiguous.end());
      if (place.ambiguous.size() > kMostTies) place.ambiguous.resize(kMostTies);
    }
    return places;
  }

  const Region& region_;
  std::vector<std::vector<Neighbour>> neighbours_;
  Groups groups_;
  std::vector<std::map<Ulid, TieKind>> ties_;
  std::vector<std::set<std::size_t>> doubts_;
};

}  // namespace

std::vector<Place> judge(const Region& region) {
  return Trial(region).run();
}

}  // namespace koegura::store
