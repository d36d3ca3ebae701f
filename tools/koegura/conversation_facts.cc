#include "conversation_facts.h"

#include <algorithm>
#include <cmath>

namespace koegura::tools {

namespace {

using Legs = std::vector<ConversationLeg>;

std::optional<Side> side_of(std::string_view name) {
  if (name == "caller") return Side::kCaller;
  return name == "callee" ? std::optional(Side::kCallee) : std::nullopt;
}

bool is_one_moment(double a, double b) {
  return std::abs(a - b) <= kOneMoment;
}

std::optional<EarlySound> early_sound_of(const Legs& legs, std::size_t index) {
  std::optional<EarlySound> sound;
  double end_s = 0;
  for (const Span& span : legs[index].record.spans()) {
    if (span.kind() != "early-media" || span.channel() == "caller") continue;
    if (!sound) sound = {.leg = index, .at_s = legs[index].start_s + span.from_s()};
    end_s = std::max(end_s, legs[index].start_s + span.to_s());
  }
  if (sound) sound->seconds = end_s - sound->at_s;
  return sound;
}

bool is_dialled_for(const Legs& legs, std::size_t index) {
  const auto& joints = legs[index].joints;
  return std::any_of(joints.begin(), joints.end(), [&](const Joint& joint) {
    return joint.mine == Side::kCallee && legs[joint.leg].dialled_for == index;
  });
}

std::vector<Hold> holds_of_leg(const Legs& legs, std::size_t index) {
  std::vector<Hold> holds;
  for (const Span& span : legs[index].record.spans()) {
    if (span.kind() != "hold") continue;
    holds.push_back({.leg = index,
                     .held = side_of(span.channel()),
                     .at_s = legs[index].start_s + span.from_s(),
                     .seconds = span.to_s() - span.from_s()});
  }
  std::sort(holds.begin(), holds.end(),
            [](const Hold& a, const Hold& b) { return a.at_s < b.at_s; });
  return holds;
}

std::vector<Transfer> transfers_of_leg(const Legs& legs, std::size_t index) {
  std::vector<Transfer> transfers;
  for (const Refer& refer : legs[index].record.links().refers()) {
    const Side by = side_of(refer.by()).value_or(Side::kCallee);
    transfers.push_back(
        {.leg = index, .by = by, .at_s = legs[index].start_s + refer.at_s(), .refer = &refer});
  }
  std::sort(transfers.begin(), transfers.end(),
            [](const Transfer& a, const Transfer& b) { return a.at_s < b.at_s; });
  return transfers;
}

// Who did it sits behind an exchange, on a leg that tells the same. `by` is whose doing a fact is,
// `all` the facts of each leg in order of time.
template <typename Fact, typename By, typename Same>
bool is_told_nearer(const Legs& legs, const std::vector<std::vector<Fact>>& all, const Fact& fact,
                    const By& by, const Same& same) {
  for (const Joint& joint : legs[fact.leg].joints) {
    if (joint.mine != by(fact)) continue;
    const std::vector<Fact>& there = all[joint.leg];
    auto near = std::lower_bound(there.begin(), there.end(), fact.at_s - kOneMoment,
                                 [](const Fact& a, double at_s) { return a.at_s < at_s; });
    for (; near != there.end() && near->at_s <= fact.at_s + kOneMoment; ++near) {
      if (by(*near) == other(joint.its) && same(fact, *near)) return true;
    }
  }
  return false;
}

template <typename Fact, typename By, typename Same>
std::vector<Fact> each_once(const Legs& legs, const std::vector<std::vector<Fact>>& all,
                            const By& by, const Same& same) {
  std::vector<Fact> told;
  for (const std::vector<Fact>& facts : all) {
    for (const Fact& fact : facts) {
      if (!is_told_nearer(legs, all, fact, by, same)) told.push_back(fact);
    }
  }
  return told;
}

// Looks for the person whose hanging up a chain of exchanges passed on.
struct EndWalk {
  const Legs& legs;
  std::vector<bool> seen;

  bool comes_from_person(std::size_t index) {
    seen[index] = true;
    const ConversationLeg& leg = legs[index];
    const auto side = released_by(leg.record);
    if (!side) return false;
    if (!leg.has_joint(*side)) return true;
    return std::any_of(leg.joints.begin(), leg.joints.end(), [&](const Joint& joint) {
      return joint.mine == *side && !seen[joint.leg] &&
             is_one_moment(legs[joint.leg].end_s, leg.end_s) && comes_from_person(joint.leg);
    });
  }
};

}  // namespace

std::vector<EarlySound> early_sounds_of(const Conversation& conversation) {
  const Legs& legs = conversation.legs();
  std::vector<EarlySound> sounds;
  for (std::size_t i = 0; i < legs.size(); ++i) {
    const auto sound = early_sound_of(legs, i);
    const auto relayed_to = legs[i].dialled_for;
    if (!sound || (relayed_to && early_sound_of(legs, *relayed_to))) continue;
    sounds.push_back(*sound);
  }
  return sounds;
}

bool is_relayed_answer(const Conversation& conversation, std::size_t leg) {
  const Legs& legs = conversation.legs();
  const ConversationLeg& asked = legs[leg];
  if (!asked.answered_s || !asked.has_joint(Side::kCallee)) return false;
  if (!is_dialled_for(legs, leg)) return true;
  return std::any_of(asked.joints.begin(), asked.joints.end(), [&](const Joint& joint) {
    const auto& answered = legs[joint.leg].answered_s;
    return joint.mine == Side::kCallee && answered && is_one_moment(*answered, *asked.answered_s);
  });
}

std::vector<ExchangeAnswer> exchange_answers_of(const Conversation& conversation) {
  const Legs& legs = conversation.legs();
  std::vector<ExchangeAnswer> answers;
  for (std::size_t i = 0; i < legs.size(); ++i) {
    const ConversationLeg& leg = legs[i];
    const bool by_exchange = leg.answered_s && leg.has_joint(Side::kCallee);
    if (!by_exchange || is_relayed_answer(conversation, i)) continue;
    ExchangeAnswer answer{.leg = i, .at_s = *leg.answered_s, .seconds = 0};
    double until_s = leg.end_s;
    for (const Joint& joint : leg.joints) {
      const auto& answered = legs[joint.leg].answered_s;
      if (joint.mine != Side::kCallee || !answered || *answered <= answer.at_s) continue;
      answer.person_followed = true;
      until_s = std::min(until_s, *answered);
    }
    answer.seconds = until_s - answer.at_s;
    answers.push_back(answer);
  }
  return answers;
}

std::vector<Hold> holds_of(const Conversation& conversation) {
  const Legs& legs = conversation.legs();
  std::vector<std::vector<Hold>> all;
  for (std::size_t i = 0; i < legs.size(); ++i) all.push_back(holds_of_leg(legs, i));
  return each_once(
      legs, all, [](const Hold& hold) { return hold.held ? other(*hold.held) : Side::kCallee; },
      [](const Hold& a, const Hold& b) { return a.held.has_value() == b.held.has_value(); });
}

std::vector<Transfer> transfers_of(const Conversation& conversation) {
  const Legs& legs = conversation.legs();
  std::vector<std::vector<Transfer>> all;
  for (std::size_t i = 0; i < legs.size(); ++i) all.push_back(transfers_of_leg(legs, i));
  return each_once(
      legs, all, [](const Transfer& transfer) { return transfer.by; },
      [](const Transfer& a, const Transfer& b) {
        return same_party(a.refer->target(), b.refer->target());
      });
}

bool ends_with_another(const Conversation& conversation, std::size_t leg) {
  const Legs& legs = conversation.legs();
  const auto side = released_by(legs[leg].record);
  if (!side || !legs[leg].has_joint(*side)) return false;
  return EndWalk{legs, std::vector<bool>(legs.size())}.comes_from_person(leg);
}

std::optional<Side> released_by(const CallRecord& record) {
  return side_of(record.release().by());
}

}  // namespace koegura::tools
