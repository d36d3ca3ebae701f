#include "conversation_events.h"

#include <algorithm>
#include <utility>

#include "call_text.h"
#include "conversation_connections.h"
#include "conversation_facts.h"
#include "quantity_text.h"
#include "text_width.h"
#include "time_text.h"

namespace koegura::tools {

namespace {

using Events = std::vector<ConversationEvent>;
using How = Connection::How;

constexpr std::size_t kMostNames = 4;
constexpr double kTogether = 1.0;  // what several do within it is one event

class Teller {
 public:
  Teller(const Conversation& conversation, const std::string& region)
      : conversation_(conversation), legs_(conversation.legs()), region_(region) {}

  Events take() {
    for (std::size_t i = 0; i < legs_.size(); ++i) {
      if (legs_[i].media_only()) {
        tell_media(i);
        continue;
      }
      tell_beginning(i);
      tell_ringing(i);
      tell_answer(i);
      tell_end(i);
    }
    tell_sounds();
    for (const Hold& hold : holds_of(conversation_)) tell(hold);
    for (const Transfer& transfer : transfers_of(conversation_)) tell(transfer);
    for (const Connection& connection : connections_of(conversation_)) tell(connection);
    std::stable_sort(events_.begin(), events_.end(),
                     [](const auto& a, const auto& b) { return a.at_s < b.at_s; });
    return together();
  }

 private:
  void add(double at_s, std::size_t leg, const std::string& sentence) {
    events_.push_back({.at_s = at_s, .legs = {leg}, .who = {}, .does = sentence, .do_ = sentence});
  }
  void add(double at_s, std::size_t leg, const Party& who, std::string does, std::string several) {
    events_.push_back({.at_s = at_s,
                       .legs = {leg},
                       .who = {party_text(who, region_)},
                       .does = std::move(does),
                       .do_ = std::move(several)});
  }

  [[nodiscard]] std::string person(std::size_t leg, Side side, double at_s) const {
    const Party* party = conversation_.person_at(leg, side, at_s);
    return party == nullptr ? "the exchange" : short_party_text(*party, region_);
  }

  [[nodiscard]] std::string forwarded(const CallRecord& record) const {
    if (record.diversions().empty()) return {};
    return ", forwarded from " + diversion_text(record.diversions(0), region_);
  }

  // ---- one leg ------------------------------------------------------------------------------

  void tell_media(std::size_t index) {
    const ConversationLeg& leg = legs_[index];
    const CallRecord& record = leg.record;
    add(leg.start_s, index,
        "media without signalling: " + party_text(record.caller(), region_) + " and " +
            party_text(record.callee(), region_) + ", " + clock_text(record.duration_s()));
  }

  // What an exchange dials is told by its ringing.
  void tell_beginning(std::size_t index) {
    const ConversationLeg& leg = legs_[index];
    const CallRecord& record = leg.record;
    if (leg.dialled_for) {
      if (leg.ringing_s || leg.answered_s) return;
      add(leg.start_s, index, record.callee(), "is called" + forwarded(record),
          "are called" + forwarded(record));
      return;
    }
    const std::string caller = party_text(record.caller(), region_);
    const std::string callee = party_text(record.callee(), region_);
    // Its INVITE may have been before the capture.
    const bool in_part = record.state() == "interrupted" && !leg.ringing_s && !leg.answered_s;
    std::string text = in_part ? caller + " with " + callee + ", seen in part"
                               : caller + " calls " + callee + forwarded(record);
    if (record.links().has_replaces()) text = caller + replacing(record, callee);
    if (!record.links().referred_by().empty()) {
      text += ", referred by " + uri_text(record.links().referred_by(), region_);
    }
    add(leg.start_s, index, text);
  }

  [[nodiscard]] std::string replacing(const CallRecord& record, const std::string& callee) const {
    const DialogId& replaces = record.links().replaces();
    const auto leg = conversation_.leg_of(replaces);
    if (!leg) {
      return replaces.early_only() ? " picks up a call at " + callee
                                   : " calls " + callee + " in place of a call that is not here";
    }
    const Party& there = legs_[*leg].record.callee();
    return replaces.early_only() ? " picks up what rings at " + party_text(there, region_)
                                 : " calls " + callee + " in place of leg " + legs_[*leg].letter;
  }

  // That of a leg which is carried on is the ringing of the next one.
  void tell_ringing(std::size_t index) {
    const ConversationLeg& leg = legs_[index];
    if (!leg.ringing_s || leg.has_joint(Side::kCallee)) return;
    const std::string suffix = leg.dialled_for ? forwarded(leg.record) : "";
    add(*leg.ringing_s, index, leg.record.callee(), "rings" + suffix, "ring" + suffix);
  }

  void tell_answer(std::size_t index) {
    const ConversationLeg& leg = legs_[index];
    if (!leg.answered_s || leg.has_joint(Side::kCallee)) return;
    const std::string suffix = leg.dialled_for && !leg.ringing_s ? forwarded(leg.record) : "";
    add(*leg.answered_s, index, leg.party(Side::kCallee), "answers" + suffix, "answer" + suffix);
  }

  void tell_end(std::size_t index) {
    const ConversationLeg& leg = legs_[index];
    const Release& release = leg.record.release();
    if (release.elsewhere()) {
      const std::string suffix = ": answered elsewhere";
      add(leg.end_s, index, leg.record.callee(),
          (leg.ringing_s ? "stops ringing" : "is let go") + suffix,
          (leg.ringing_s ? "stop ringing" : "are let go") + suffix);
    } else if (!released_by(leg.record)) {
      add(leg.end_s, index, "no end was seen: " + printable(release.reason()));
    } else if (!ends_with_another(conversation_, index)) {
      leg.answered_s ? tell_hanging_up(index) : tell_giving_up(index);
    }
  }

  void tell_hanging_up(std::size_t index) {
    const ConversationLeg& leg = legs_[index];
    const Side side = *released_by(leg.record);
    if (!leg.has_joint(side)) {
      add(leg.end_s, index, leg.party(side), "hangs up", "hang up");
    } else if (leg.has_joint(other(side))) {
      add(leg.end_s, index, "the exchange ends leg " + leg.letter);
    } else {
      add(leg.end_s, index, leg.party(other(side)), "is let go by the exchange",
          "are let go by the exchange");
    }
  }

  void tell_giving_up(std::size_t index) {
    const ConversationLeg& leg = legs_[index];
    const Side side = *released_by(leg.record);
    const Party& callee = leg.record.callee();
    const std::string reason = ": " + std::to_string(leg.record.release().code()) + ' ' +
                               printable(leg.record.release().reason());
    if (side == Side::kCaller && leg.has_joint(side)) {
      add(leg.end_s, index, callee, leg.ringing_s ? "stops ringing, not answered" : "is let go",
          leg.ringing_s ? "stop ringing, not answered" : "are let go");
    } else if (side == Side::kCaller) {
      add(leg.end_s, index, leg.record.caller(), "gives up", "give up");
    } else if (leg.record.state() == "busy") {
      add(leg.end_s, index, callee, "is busy", "are busy");
    } else if (leg.record.state() == "missed") {
      add(leg.end_s, index, callee, "does not answer" + reason, "do not answer" + reason);
    } else {
      add(leg.end_s, index, callee, "cannot be reached" + reason, "cannot be reached" + reason);
    }
  }

  // ---- what several legs tell ---------------------------------------------------------------

  void tell_sounds() {
    for (const EarlySound& sound : early_sounds_of(conversation_)) {
      add(sound.at_s, sound.leg,
          "before the answer: tones or an announcement, " + clock_text(sound.seconds));
    }
    for (const ExchangeAnswer& answer : exchange_answers_of(conversation_)) {
      add(answer.at_s, answer.leg,
          "answered, but by no telephone" + std::string(answer.person_followed ? " yet" : "") +
              ": announcement, menu or queue, " + clock_text(answer.seconds));
    }
  }

  void tell(const Hold& hold) {
    const std::string length = clock_text(hold.seconds);
    if (!hold.held) return add(hold.at_s, hold.leg, "both are on hold, " + length);
    const Side by = other(*hold.held);
    const std::string who =
        legs_[hold.leg].has_joint(by) ? "the exchange" : person(hold.leg, by, hold.at_s);
    add(hold.at_s, hold.leg,
        who + " puts " + person(hold.leg, *hold.held, hold.at_s) + " on hold, " + length);
  }

  void tell(const Transfer& transfer) {
    const Refer& refer = *transfer.refer;
    std::string text = person(transfer.leg, transfer.by, transfer.at_s) + " asks to transfer " +
                       person(transfer.leg, other(transfer.by), transfer.at_s) + " to " +
                       party_text(refer.target(), region_);
    text += refer.has_replaces() ? ", attended" : ", blind";
    if (refer.status() >= 300) {
      text += ": it fails, " + std::to_string(refer.status());
    } else if (refer.status() < 200) {
      text += ": nobody says what became of it";
    } else if (refer.done_s() > 0) {
      text += ": done " + clock_text(refer.done_s() - refer.at_s()) + " later";
    }
    add(transfer.at_s, transfer.leg, text);
  }

  // The others are told as an answer.
  void tell(const Connection& connection) {
    const ConversationLeg& leg = legs_[connection.leg];
    if (connection.person == Side::kCaller && leg.has_joint(Side::kCallee)) {
      if (connection.how == How::kPickedUp) return;
      add(connection.since_s, connection.leg, leg.party(connection.person), "takes the call",
          "take the call");
    } else if (leg.answered_s && connection.since_s > *leg.answered_s) {
      const Party& caller = legs_[conversation_.first()].record.caller();
      add(connection.since_s, connection.leg,
          short_party_text(caller, region_) + " is connected with " +
              short_party_text(leg.party(connection.person), region_));
    }
  }

  // Neighbours that did the same.
  Events together() {
    Events merged;
    for (ConversationEvent& event : events_) {
      const bool same = !merged.empty() && merged.back().does == event.does &&
                        merged.back().who.empty() == event.who.empty() &&
                        event.at_s - merged.back().at_s <= kTogether;
      if (!same) {
        merged.push_back(std::move(event));
        continue;
      }
      merged.back().legs.push_back(event.legs.front());
      merged.back().who.insert(merged.back().who.end(), event.who.begin(), event.who.end());
    }
    return merged;
  }

  const Conversation& conversation_;
  const std::vector<ConversationLeg>& legs_;
  const std::string& region_;
  Events events_;
};

}  // namespace

std::string short_party_text(const Party& party, const std::string& region) {
  const std::string number = number_text(party, region);
  return number.empty() ? party_text(party, region) : number;
}

std::string ConversationEvent::text() const {
  if (who.empty()) return does;
  if (who.size() == 1) return who.front() + ' ' + does;
  std::string names;
  for (std::size_t i = 0; i < std::min(who.size(), kMostNames); ++i) {
    const bool is_last = i + 1 == who.size();
    names += (i == 0 ? "" : is_last ? " and " : ", ") + who[i];
  }
  if (who.size() > kMostNames) names += " and " + count_text(who.size() - kMostNames) + " more";
  return names + ' ' + do_;
}

std::vector<ConversationEvent> events_of(const Conversation& conversation,
                                         const std::string& region) {
  return Teller(conversation, region).take();
}

}  // namespace koegura::tools
