#include "conversation.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "json.h"

namespace koegura::tools {

namespace {

using Legs = std::vector<ConversationLeg>;

std::string letter_of(std::size_t index) {
  constexpr std::size_t kLetters = 26;
  std::string letters(1, static_cast<char>('A' + index % kLetters));
  return index < kLetters ? letters : letter_of(index / kLetters - 1) + letters;
}

// A leg whose end is not known ends with its last packet.
ConversationLeg leg_of_record(CallRecord record, Timestamp conversation_start) {
  const auto since = [&](const google::protobuf::Timestamp& time) {
    return to_seconds(time_of(time) - conversation_start);
  };
  ConversationLeg leg;
  leg.start_s = since(record.start());
  leg.end_s = leg.start_s + record.duration_s();
  if (record.has_ringing()) leg.ringing_s = since(record.ringing());
  if (record.has_answered()) leg.answered_s = since(record.answered());
  leg.record = std::move(record);
  return leg;
}

// ---- which ends meet ------------------------------------------------------------------------

struct Ends {
  Side of_earlier;
  Side of_later;
};
// The usual one first: an exchange that is called calls others.
constexpr Ends kDialledOn = {Side::kCallee, Side::kCaller};
constexpr std::array kAllEnds = {kDialledOn, Ends{Side::kCallee, Side::kCallee},
                                 Ends{Side::kCaller, Side::kCaller},
                                 Ends{Side::kCaller, Side::kCallee}};

std::string_view hop_of(const ConversationLeg& leg, Side side) {
  const Links& links = leg.record.links();
  return side == Side::kCaller ? links.caller_hop() : links.callee_hop();
}

std::string_view address_of(std::string_view hop) {
  return hop.substr(0, hop.rfind(':'));
}

enum class Nearness : unsigned char { kApart, kSameAddress, kSamePort };

Nearness nearness(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return Nearness::kApart;
  if (a == b) return Nearness::kSamePort;
  return address_of(a) == address_of(b) ? Nearness::kSameAddress : Nearness::kApart;
}

// Two legs of one telephone, which talks in one and asks in the other, or of one exchange, which
// called two telephones for one caller: they meet nowhere. The number called tells nothing, as an
// exchange is called by many.
bool are_beside(const ConversationLeg& earlier, const ConversationLeg& later, Ends ends) {
  if (ends.of_earlier == Side::kCallee && ends.of_later == Side::kCallee) return false;
  return same_party(earlier.party(ends.of_earlier), later.party(ends.of_later));
}

// Nothing if the two legs meet nowhere.
std::optional<Ends> meeting_ends(const ConversationLeg& earlier, const ConversationLeg& later) {
  bool beside = false;
  for (const Nearness wanted : {Nearness::kSamePort, Nearness::kSameAddress}) {
    for (const Ends ends : kAllEnds) {
      const Nearness near =
          nearness(hop_of(earlier, ends.of_earlier), hop_of(later, ends.of_later));
      if (near < wanted) continue;
      if (!are_beside(earlier, later, ends)) return ends;
      beside = true;
    }
  }
  if (beside) return std::nullopt;
  // An exchange with an address on each side.
  return later.record.links().has_replaces() ? Ends{Side::kCallee, Side::kCallee} : kDialledOn;
}

void join(Legs& legs, std::size_t earlier, std::size_t later, Ends ends) {
  legs[earlier].joints.push_back({.leg = later, .mine = ends.of_earlier, .its = ends.of_later});
  legs[later].joints.push_back({.leg = earlier, .mine = ends.of_later, .its = ends.of_earlier});
}

// REFER and Replaces tie legs that follow each other, a hunt group those that ring beside each
// other.
bool is_relayed(const LegTie& tie) {
  return tie.by == "payload" || tie.by == "level" || tie.by == "same-media" ||
         tie.by == "session-id";
}

void join_tied(Legs& legs, const std::vector<std::vector<LegTie>>& ties) {
  for (std::size_t later = 0; later < legs.size(); ++later) {
    std::set<std::size_t> met;
    for (const LegTie& tie : ties[later]) {
      if (tie.leg < later && is_relayed(tie)) met.insert(tie.leg);
    }
    for (const std::size_t earlier : met) {
      if (legs[earlier].media_only() || legs[later].media_only()) continue;
      const auto ends = meeting_ends(legs[earlier], legs[later]);
      if (ends) join(legs, earlier, later, *ends);
    }
  }
}

// A telephone that was called and never answered has no audio to tell for whom: the exchange called
// it while it was called itself, and named the same caller.
std::optional<std::size_t> called_for(const Legs& legs, std::size_t later) {
  std::optional<std::size_t> found;
  Nearness nearest = Nearness::kSameAddress;
  for (std::size_t earlier = 0; earlier < later; ++earlier) {
    const ConversationLeg& leg = legs[earlier];
    const bool goes_on = !leg.media_only() && leg.end_s >= legs[later].start_s;
    if (!goes_on || !same_party(leg.record.caller(), legs[later].record.caller())) continue;
    const Nearness near = nearness(hop_of(leg, Side::kCallee), hop_of(legs[later], Side::kCaller));
    if (near < nearest) continue;
    nearest = near;
    found = earlier;
  }
  return found;
}

void join_untied(Legs& legs) {
  for (std::size_t later = 1; later < legs.size(); ++later) {
    if (legs[later].media_only() || legs[later].has_joint(Side::kCaller)) continue;
    if (const auto earlier = called_for(legs, later)) join(legs, *earlier, later, kDialledOn);
  }
}

// The one that began last: the others were joined to it later.
void find_dialled(Legs& legs) {
  for (std::size_t later = 0; later < legs.size(); ++later) {
    for (const Joint& joint : legs[later].joints) {
      if (joint.mine != Side::kCaller || joint.leg > later) continue;
      std::optional<std::size_t>& dialled_for = legs[later].dialled_for;
      dialled_for = std::max(dialled_for.value_or(joint.leg), joint.leg);
    }
  }
}

std::vector<std::vector<LegTie>> ties_between(const Legs& legs) {
  std::map<std::string_view, std::size_t> by_id;
  for (std::size_t i = 0; i < legs.size(); ++i) by_id[legs[i].record.id()] = i;
  std::vector<std::tuple<std::size_t, std::size_t, std::string>> all;  // both ways
  for (std::size_t i = 0; i < legs.size(); ++i) {
    for (const Tie& tie : legs[i].record.joining().ties()) {
      const auto other = by_id.find(tie.call());
      if (other == by_id.end() || other->second == i) continue;
      all.emplace_back(i, other->second, tie.by());
      all.emplace_back(other->second, i, tie.by());
    }
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  std::vector<std::vector<LegTie>> ties(legs.size());
  for (auto& [leg, other, by] : all) ties[leg].push_back({.leg = other, .by = std::move(by)});
  return ties;
}

// ---- who sat there --------------------------------------------------------------------------

// How well a leg that is joined to another fits as what that end heard at this moment.
int fit(const ConversationLeg& leg, double at_s) {
  if (!leg.answered_s) return 0;
  if (*leg.answered_s <= at_s && at_s <= leg.end_s) return 2;
  return *leg.answered_s - kOneMoment <= at_s && at_s <= leg.end_s + kOneMoment ? 1 : 0;
}

struct Walk {
  const Legs& legs;
  double at_s;
  std::vector<bool> seen;

  const Party* person(std::size_t index, Side side) {
    const ConversationLeg& leg = legs[index];
    if (!leg.has_joint(side)) return &leg.party(side);
    seen[index] = true;
    const Joint* best = nullptr;
    for (const Joint& joint : leg.joints) {
      const int fits = fit(legs[joint.leg], at_s);
      if (joint.mine != side || seen[joint.leg] || fits == 0) continue;
      const bool is_better =
          best == nullptr ||
          std::pair(fits, joint.leg) > std::pair(fit(legs[best->leg], at_s), best->leg);
      if (is_better) best = &joint;
    }
    return best == nullptr ? nullptr : person(best->leg, other(best->its));
  }
};

}  // namespace

bool ConversationLeg::has_joint(Side side) const {
  return std::any_of(joints.begin(), joints.end(),
                     [&](const Joint& joint) { return joint.mine == side; });
}

const Party& ConversationLeg::party(Side side) const {
  if (side == Side::kCaller) return record.caller();
  return record.has_answered_by() ? record.answered_by() : record.callee();
}

bool same_party(const Party& a, const Party& b) {
  if (a.number().empty() && b.number().empty()) return !a.raw().empty() && a.raw() == b.raw();
  return a.number() == b.number();
}

Conversation::Conversation(std::vector<CallRecord> legs) {
  std::sort(legs.begin(), legs.end(), [](const CallRecord& a, const CallRecord& b) {
    const Timestamp first = time_of(a.start());
    const Timestamp second = time_of(b.start());
    return first != second ? first < second : a.id() < b.id();
  });
  const Timestamp start = time_of(legs.front().start());
  for (CallRecord& record : legs) {
    legs_.push_back(leg_of_record(std::move(record), start));
    legs_.back().letter = letter_of(legs_.size() - 1);
  }
  const auto signalled = std::find_if(legs_.begin(), legs_.end(),
                                      [](const ConversationLeg& leg) { return !leg.media_only(); });
  if (signalled != legs_.end()) first_ = static_cast<std::size_t>(signalled - legs_.begin());
  ties_ = ties_between(legs_);
  join_tied(legs_, ties_);
  join_untied(legs_);
  find_dialled(legs_);
}

const Party* Conversation::person_at(std::size_t leg, Side side, double at_s) const {
  return Walk{legs_, at_s, std::vector<bool>(legs_.size())}.person(leg, side);
}

std::optional<std::size_t> Conversation::leg_of(const DialogId& dialog) const {
  for (std::size_t i = 0; i < legs_.size(); ++i) {
    if (!dialog.call_id().empty() && legs_[i].record.call_id() == dialog.call_id()) return i;
  }
  return std::nullopt;
}

}  // namespace koegura::tools
