#include "conversation_story.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "call_text.h"
#include "conversation.h"
#include "conversation_connections.h"
#include "conversation_events.h"
#include "conversation_facts.h"
#include "quantity_text.h"
#include "text_width.h"
#include "time_text.h"

namespace koegura::tools {

namespace {

using Lines = std::vector<std::string>;
using How = Connection::How;

constexpr std::size_t kLettersShown = 3;
constexpr std::size_t kTiedLegsShown = 3;
constexpr std::size_t kFirstStations = 8;
constexpr std::size_t kLastStations = 3;

// ---- the way --------------------------------------------------------------------------------

// One station of the way.
struct Station {
  double at_s = 0;
  std::string text;
  double hold_s = 0;  // of a hold, whose text comes later
};

class Way {
 public:
  Way(const Conversation& conversation, const std::string& region)
      : conversation_(conversation),
        legs_(conversation.legs()),
        region_(region),
        connections_(connections_of(conversation)) {}

  std::string text() {
    const CallRecord& first = legs_[conversation_.first()].record;
    add_sounds();
    add_forwarding();
    for (const Connection& connection : connections_) add(connection);
    for (const Hold& hold : holds_of(conversation_)) {
      stations_.push_back({.at_s = hold.at_s, .text = {}, .hold_s = hold.seconds});
    }
    for (const Transfer& transfer : transfers_of(conversation_)) add(transfer);
    std::stable_sort(stations_.begin(), stations_.end(),
                     [](const Station& a, const Station& b) { return a.at_s < b.at_s; });
    if (connections_.empty()) stations_.push_back({.at_s = 0, .text = outcome()});
    return party_text(first.caller(), region_) + " called " + party_text(first.callee(), region_) +
           joined();
  }

 private:
  void add_sounds() {
    const double until_s = connections_.empty() ? legs_[conversation_.first()].end_s
                                                : connections_.front().since_s + kOneMoment;
    for (const EarlySound& sound : early_sounds_of(conversation_)) {
      if (sound.at_s > until_s) continue;
      stations_.push_back(
          {.at_s = sound.at_s, .text = "tones or announcement " + clock_text(sound.seconds)});
    }
    for (const ExchangeAnswer& answer : exchange_answers_of(conversation_)) {
      if (answer.leg != conversation_.first()) continue;
      stations_.push_back(
          {.at_s = answer.at_s, .text = "announcement or queue " + clock_text(answer.seconds)});
    }
  }

  void add_forwarding() {
    for (std::size_t i = 0; i < legs_.size(); ++i) {
      const CallRecord& record = legs_[i].record;
      if (record.diversions().empty()) continue;
      const Diversion& diversion = record.diversions(0);
      const std::string reason = diversion_reason_text(diversion);
      stations_.push_back({.at_s = legs_[i].start_s,
                           .text = "forwarded from " +
                                   short_party_text(diversion.party(), region_) +
                                   (reason.empty() ? "" : " (" + reason + ")")});
    }
  }

  void add(const Connection& connection) {
    const ConversationLeg& leg = legs_[connection.leg];
    const std::string who = party_text(leg.party(connection.person), region_);
    const bool had_answered = leg.answered_s && connection.since_s > *leg.answered_s;
    const std::string answer = had_answered ? "" : ", who answered";
    std::string text;
    switch (connection.how) {
      case How::kAnswered:
        text = who + " answered";
        break;
      case How::kTransferred:
        text = "transferred to " + who + answer;
        break;
      case How::kPassedOn:
        text = "passed on to " + who + answer;
        break;
      case How::kJoined:
        text = who + " joined";
        break;
      case How::kPickedUp:
        text = "picked up by " + who;
        break;
      case How::kTook:
        text = who + " took the call";
        break;
      case How::kCalled:
        text = "called " + who + answer;
        break;
    }
    stations_.push_back({.at_s = connection.since_s, .text = std::move(text)});
  }

  // One that somebody answered is told by that.
  void add(const Transfer& transfer) {
    const bool answered =
        std::any_of(connections_.begin(), connections_.end(), [&](const Connection& connection) {
          return connection.how == How::kTransferred &&
                 connection.since_s + kOneMoment >= transfer.at_s;
        });
    if (answered) return;
    const std::string target = party_text(transfer.refer->target(), region_);
    const unsigned status = transfer.refer->status();
    std::string text = "transferred to " + target;
    if (status >= 300) text = "transfer to " + target + " failed (" + std::to_string(status) + ")";
    if (status < 200) text = "transfer to " + target + " asked for";
    stations_.push_back({.at_s = transfer.at_s, .text = std::move(text)});
  }

  [[nodiscard]] std::string outcome() const {
    const CallRecord& first = legs_[conversation_.first()].record;
    const std::string state = row_of(conversation_).state();
    if (state == "missed") return "nobody answered";
    if (state == "busy") return "busy";
    if (state == "cancelled") return "given up";
    if (state == "failed") return "failed (" + std::to_string(first.release().code()) + ")";
    return "seen in part";
  }

  // Holds that follow each other are one station.
  [[nodiscard]] std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < stations_.size();) {
      if (!stations_[i].text.empty()) {
        texts.push_back(stations_[i++].text);
        continue;
      }
      double hold_s = 0;
      std::size_t holds = 0;
      for (; i < stations_.size() && stations_[i].text.empty(); ++i, ++holds) {
        hold_s += stations_[i].hold_s;
      }
      texts.push_back("hold " + clock_text(hold_s) +
                      (holds > 1 ? " (" + plural(holds, "time") + ")" : ""));
    }
    return texts;
  }

  [[nodiscard]] std::string joined() const {
    std::vector<std::string> stations = texts();
    if (stations.size() > kFirstStations + kLastStations + 1) {
      const std::size_t left_out = stations.size() - kFirstStations - kLastStations;
      const auto from = stations.begin() + static_cast<std::ptrdiff_t>(kFirstStations);
      *from = "… (" + count_text(left_out) + " more)";
      stations.erase(from + 1, from + static_cast<std::ptrdiff_t>(left_out));
    }
    std::string text;
    for (const std::string& station : stations) text += " → " + station;
    return text;
  }

  const Conversation& conversation_;
  const std::vector<ConversationLeg>& legs_;
  const std::string& region_;
  std::vector<Connection> connections_;
  std::vector<Station> stations_;
};

// ---- events and legs ------------------------------------------------------------------------

std::string letters_of(const Conversation& conversation, const std::vector<std::size_t>& legs) {
  std::string text;
  for (std::size_t i = 0; i < std::min(legs.size(), kLettersShown); ++i) {
    text += (i == 0 ? "" : " ") + conversation.legs()[legs[i]].letter;
  }
  return legs.size() > kLettersShown ? text + " …" : text;
}

void tell_events(const Conversation& conversation, const std::string& region, Lines& lines) {
  const std::vector<ConversationEvent> events = events_of(conversation, region);
  std::size_t width = 1;
  for (const ConversationEvent& event : events) {
    width = std::max(width, width_of(letters_of(conversation, event.legs)));
  }
  const bool has_letters = conversation.legs().size() > 1;
  for (const ConversationEvent& event : events) {
    std::string line = "  " + padded_left(clock_text_exact(event.at_s), 9) + "  ";
    if (has_letters) line += padded(letters_of(conversation, event.legs), width) + "  ";
    lines.push_back(line + event.text());
  }
}

std::string tie_text(const std::string& by) {
  struct Word {
    std::string_view by;
    const char* text;
  };
  constexpr std::array kWords = {
      Word{"payload", "same audio"},    Word{"level", "transcoded audio (levels)"},
      Word{"replaces", "Replaces"},     Word{"refer", "REFER"},
      Word{"session-id", "Session-ID"}, Word{"same-media", "same media stream"},
      Word{"elsewhere", "hunt group"},
  };
  for (const Word& word : kWords) {
    if (word.by == by) return word.text;
  }
  return printable(by);
}

// "A: same audio, Session-ID; C: REFER"
std::string ties_text(const Conversation& conversation, std::size_t leg) {
  std::map<std::size_t, std::string> by_leg;
  for (const LegTie& tie : conversation.ties(leg)) {
    std::string& words = by_leg[tie.leg];
    words += (words.empty() ? "" : ", ") + tie_text(tie.by);
  }
  std::string text;
  std::size_t shown = 0;
  for (const auto& [other, words] : by_leg) {
    if (shown++ == kTiedLegsShown) {
      return text + "; and " + plural(by_leg.size() - kTiedLegsShown, "other leg");
    }
    text += (text.empty() ? "" : "; ") + conversation.legs()[other].letter + ": " + words;
  }
  return text;
}

std::string ambiguity_text(const CallRecord& record) {
  std::string ids;
  for (const std::string& id : record.joining().ambiguous()) {
    ids += (ids.empty() ? "" : " or ") + short_id(printable(id)) + "…";
  }
  const bool one = record.joining().ambiguous_size() == 1;
  return "may belong to " + ids +
         (one ? ": that is not sure enough, so it is not joined to it"
              : ": the audio fits " +
                    std::string(record.joining().ambiguous_size() == 2 ? "both" : "all") +
                    ", so it is joined to none");
}

void tell_legs(const Conversation& conversation, const ConversationRecords& records,
               const std::string& region, Lines& lines) {
  lines.push_back(coloured(Colour::kBold, "Legs"));
  const auto line = [&](const std::string& label, const std::string& text) {
    lines.push_back("  " + padded(label, kLabelColumns) + text);
  };
  for (std::size_t i = 0; i < conversation.legs().size(); ++i) {
    const ConversationLeg& leg = conversation.legs()[i];
    const CallRecord& record = leg.record;
    std::string what =
        short_id(record.id()) + "  " + coloured(colour_of_state(record.state()), record.state());
    if (leg.answered_s) what += ", talk " + clock_text_exact(record.talk_s());
    line(leg.letter + (record.id() == records.shown ? ", shown" : ""), what);
    line("", party_text(record.caller(), region) + " → " + party_text(record.callee(), region));
    const std::string ties = ties_text(conversation, i);
    if (!ties.empty()) line("", coloured(Colour::kDim, "tied to " + ties));
    if (!record.joining().ambiguous().empty()) {
      line("", coloured(Colour::kYellow, ambiguity_text(record)));
    }
  }
  if (records.more) {
    line("…", "and more: koegura calls --conversation " +
                  short_id(conversation.legs().front().record.conversation()));
  }
}

bool has_way(const CallRecord& record) {
  const Links& links = record.links();
  return !links.refers().empty() || links.has_replaces() || !record.diversions().empty();
}

}  // namespace

bool is_worth_telling(const ConversationRecords& records) {
  const CallRecord& record = records.legs.front();
  return records.legs.size() > 1 || !record.joining().ambiguous().empty() || has_way(record);
}

std::vector<std::string> conversation_story(ConversationRecords records,
                                            const std::string& region) {
  const Conversation conversation(std::move(records.legs));
  const std::vector<ConversationLeg>& legs = conversation.legs();
  const bool has_legs = legs.size() > 1;
  Lines lines;
  std::string heading = coloured(Colour::kBold, "Conversation");
  if (has_legs) heading += "  " + plural(legs.size(), "leg");
  lines.push_back(heading);
  if (has_legs || has_way(legs.front().record)) {
    lines.push_back("  " + Way(conversation, region).text());
    tell_events(conversation, region, lines);
  }
  if (has_legs) {
    tell_legs(conversation, records, region, lines);
  } else if (!legs.front().record.joining().ambiguous().empty()) {
    lines.push_back("  " + coloured(Colour::kYellow, ambiguity_text(legs.front().record)));
  }
  return lines;
}

}  // namespace koegura::tools
