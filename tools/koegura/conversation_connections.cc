#include "conversation_connections.h"

#include <algorithm>

#include "json.h"

namespace koegura::tools {

namespace {

using How = Connection::How;

class Connecting {
 public:
  explicit Connecting(const Conversation& conversation)
      : conversation_(conversation), legs_(conversation.legs()), seen_(legs_.size()) {}

  std::vector<Connection> take() {
    const std::size_t first = conversation_.first();
    look_through(first, Side::kCallee);
    for (std::size_t i = 0; i < legs_.size(); ++i) {
      if (i == first) continue;
      if (const auto own = end_of_first_caller(i)) look_through(i, other(*own));
    }
    std::sort(found_.begin(), found_.end(), [](const Connection& a, const Connection& b) {
      return a.since_s != b.since_s ? a.since_s < b.since_s : a.leg < b.leg;
    });
    for (std::size_t i = 0; i < found_.size(); ++i) {
      found_[i].how = i == 0 ? how_first(found_[i]) : how_next(found_[i], found_[i - 1]);
    }
    return std::move(found_);
  }

 private:
  [[nodiscard]] bool is_tied_by(std::size_t leg, const char* by) const {
    const auto& ties = conversation_.ties(leg);
    return std::any_of(ties.begin(), ties.end(), [&](const LegTie& tie) { return tie.by == by; });
  }

  // Another leg of the first caller's own: their telephone was asked to by REFER, was reached with
  // Replaces, or they asked somebody else.
  [[nodiscard]] std::optional<Side> end_of_first_caller(std::size_t index) const {
    if (legs_[index].media_only()) return std::nullopt;
    const Party& caller = legs_[conversation_.first()].record.caller();
    for (const Side side : {Side::kCaller, Side::kCallee}) {
      const ConversationLeg& leg = legs_[index];
      if (!leg.has_joint(side) && same_party(leg.party(side), caller)) return side;
    }
    return std::nullopt;
  }

  // Everybody behind the far end of a leg of the first caller.
  void look_through(std::size_t hub, Side far) {
    seen_[hub] = true;
    const ConversationLeg& leg = legs_[hub];
    if (!leg.has_joint(far)) {
      if (leg.answered_s) found_.push_back({hub, hub, far, *leg.answered_s, How::kAnswered});
      return;
    }
    look_behind(hub, hub, far);
  }

  void look_behind(std::size_t hub, std::size_t index, Side far) {
    for (const Joint& joint : legs_[index].joints) {
      if (joint.mine != far || seen_[joint.leg]) continue;
      seen_[joint.leg] = true;
      const ConversationLeg& leg = legs_[joint.leg];
      const Side outer = other(joint.its);
      if (leg.has_joint(outer)) {
        look_behind(hub, joint.leg, outer);
      } else if (const auto since = connected_since(hub, joint.leg)) {
        found_.push_back({joint.leg, hub, outer, *since, How::kAnswered});
      }
    }
  }

  // A leg that was dialled for another, a question asked before a transfer, belongs to that as long
  // as it goes on.
  [[nodiscard]] std::optional<double> connected_since(std::size_t hub, std::size_t index) const {
    const ConversationLeg& leg = legs_[index];
    if (!leg.answered_s) return std::nullopt;
    if (!leg.dialled_for || *leg.dialled_for == hub || meet(hub, *leg.dialled_for)) {
      return leg.answered_s;
    }
    const ConversationLeg& question = legs_[*leg.dialled_for];
    if (question.end_s >= leg.end_s) return std::nullopt;
    return std::max(*leg.answered_s, question.end_s);
  }

  [[nodiscard]] bool meet(std::size_t a, std::size_t b) const {
    return std::any_of(legs_[a].joints.begin(), legs_[a].joints.end(),
                       [&](const Joint& joint) { return joint.leg == b; });
  }

  [[nodiscard]] bool picks_up(std::size_t leg) const {
    const Links& links = legs_[leg].record.links();
    return links.has_replaces() && links.replaces().early_only();
  }

  [[nodiscard]] How how_first(const Connection& connection) const {
    if (picks_up(connection.leg)) return How::kPickedUp;
    const bool called_in =
        connection.person == Side::kCaller && connection.hub == conversation_.first();
    return called_in ? How::kTook : How::kAnswered;
  }

  [[nodiscard]] How how_next(const Connection& connection, const Connection& before) const {
    if (picks_up(connection.leg)) return How::kPickedUp;
    if (is_asked_for(connection)) return How::kTransferred;
    if (connection.hub != conversation_.first()) return How::kCalled;
    if (connection.person == Side::kCaller) return How::kTook;
    const bool goes_on = legs_[before.leg].end_s > connection.since_s + kOneMoment;
    return goes_on ? How::kJoined : How::kPassedOn;
  }

  [[nodiscard]] bool is_asked_for(const Connection& connection) const {
    const ConversationLeg& target = legs_[connection.leg];
    if (target.record.links().has_replaces() || is_tied_by(connection.leg, "refer")) return true;
    for (const ConversationLeg& leg : legs_) {
      for (const Refer& refer : leg.record.links().refers()) {
        if (leg.start_s + refer.at_s() > connection.since_s + kOneMoment) continue;
        if (same_party(refer.target(), target.party(connection.person))) return true;
        const auto question = conversation_.leg_of(refer.replaces());
        if (question && (question == target.dialled_for || question == connection.leg)) return true;
      }
    }
    return false;
  }

  const Conversation& conversation_;
  const std::vector<ConversationLeg>& legs_;
  std::vector<bool> seen_;
  std::vector<Connection> found_;
};

// A leg of which the capture saw only a part says so for the conversation too.
std::string state_of(const CallRecord& first, bool connected) {
  const bool seen_in_part = first.state() == "interrupted" || first.state() == "media-only";
  if (seen_in_part) return first.state();
  if (connected) return "answered";
  // An exchange's answer alone: whoever called reached nobody.
  return first.state() == "answered" ? "missed" : first.state();
}

}  // namespace

std::vector<Connection> connections_of(const Conversation& conversation) {
  return Connecting(conversation).take();
}

ConversationRow row_of(const Conversation& conversation) {
  const std::vector<ConversationLeg>& legs = conversation.legs();
  const CallRecord& first = legs[conversation.first()].record;
  const std::vector<Connection> connections = connections_of(conversation);
  ConversationRow row;
  row.set_conversation(first.conversation());
  *row.mutable_start() = legs.front().record.start();
  row.set_direction(first.direction());
  *row.mutable_caller() = first.caller();
  *row.mutable_callee() = first.callee();
  row.set_state(state_of(first, !connections.empty()));
  double end_s = 0;
  double talk_end_s = 0;
  for (const ConversationLeg& leg : legs) {
    row.add_legs(leg.record.id());
    end_s = std::max(end_s, leg.end_s);
  }
  for (const Connection& connection : connections) {
    talk_end_s = std::max(talk_end_s, legs[connection.leg].end_s);
  }
  row.set_duration_s(end_s);
  if (!connections.empty()) {
    const Connection& last = connections.back();
    *row.mutable_answered_by() = legs[last.leg].party(last.person);
    row.set_talk_s(talk_end_s - connections.front().since_s);
  }
  return row;
}

}  // namespace koegura::tools
