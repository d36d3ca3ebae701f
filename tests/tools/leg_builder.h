// Builds the records of a conversation's legs, readable as a story, and tells it. All times are
// seconds since the conversation's start.
#pragma once

#include <clocale>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conversation_story.h"
#include "json.h"
#include "record.pb.h"

// 2026-11-21 10:15:02 in Tokyo.
inline constexpr koegura::Timestamp kTen = koegura::from_unix_ns(1'795'223'702'000'000'000);

inline constexpr const char* kCarrier = "198.51.100.1:5060";
inline constexpr const char* kExchange = "192.0.2.1:5060";
inline constexpr const char* kPhone1 = "192.0.2.31:5060";
inline constexpr const char* kPhone2 = "192.0.2.32:5060";
inline constexpr const char* kPhone3 = "192.0.2.33:5060";
inline constexpr const char* kCitizen = "+819012345678";
inline constexpr const char* kCityHall = "+81312345678";

// "+819012345678", "2301 山田" gives the number and the name.
inline koegura::Party person(const std::string& text) {
  koegura::Party party;
  const std::size_t space = text.find(' ');
  party.set_number(text.substr(0, space));
  party.set_raw("sip:" + party.number() + "@example.jp");
  if (space != std::string::npos) party.set_name(text.substr(space + 1));
  return party;
}

inline koegura::Timestamp after(double seconds) {
  return kTen + std::chrono::milliseconds(static_cast<long>(seconds * 1000 + 0.5));
}

class LegBuilder {
 public:
  LegBuilder(const std::string& id, const std::string& caller, const std::string& callee)
      : id_("01KAJ4Q2H0ABCDEF" + id) {
    record_.set_id(id_);
    record_.set_conversation("01KAJ4Q2H0ABCDEFa");
    record_.set_call_id(id + "@example.jp");
    record_.set_state("missed");
    record_.set_direction("unknown");
    *record_.mutable_caller() = person(caller);
    *record_.mutable_callee() = person(callee);
    begins(0);
  }

  LegBuilder& between(const std::string& caller_hop, const std::string& callee_hop) {
    record_.mutable_links()->set_caller_hop(caller_hop);
    record_.mutable_links()->set_callee_hop(callee_hop);
    return *this;
  }
  LegBuilder& begins(double at) {
    start_ = at;
    koegura::tools::set_time(*record_.mutable_start(), after(at));
    return *this;
  }
  LegBuilder& rings(double at) {
    koegura::tools::set_time(*record_.mutable_ringing(), after(at));
    return *this;
  }
  LegBuilder& answered(double at) {
    answered_ = at;
    record_.set_state("answered");
    koegura::tools::set_time(*record_.mutable_answered(), after(at));
    *record_.mutable_answered_by() = record_.callee();
    return *this;
  }
  LegBuilder& ends(double at, const char* by, unsigned code = 200, const char* reason = "BYE") {
    koegura::tools::set_time(*record_.mutable_end(), after(at));
    record_.set_duration_s(at - start_);
    if (answered_) record_.set_talk_s(at - *answered_);
    record_.mutable_release()->set_by(by);
    record_.mutable_release()->set_code(code);
    record_.mutable_release()->set_reason(reason);
    return *this;
  }
  LegBuilder& state(const char* state) {
    record_.set_state(state);
    return *this;
  }
  LegBuilder& lost(double at) {  // the hunt
    ends(at, "caller", 487, "Request Terminated").state("cancelled");
    record_.mutable_release()->set_elsewhere(true);
    return *this;
  }
  LegBuilder& span(const char* kind, const char* channel, double from, double to) {
    koegura::Span& span = *record_.add_spans();
    span.set_kind(kind);
    span.set_channel(channel);
    span.set_from_s(from - start_);
    span.set_to_s(to - start_);
    return *this;
  }
  LegBuilder& held(const char* channel, double from, double to) {
    return span("hold", channel, from, to);
  }
  LegBuilder& tied(const std::string& leg, const char* by) {
    koegura::Tie& tie = *record_.mutable_joining()->add_ties();
    tie.set_call("01KAJ4Q2H0ABCDEF" + leg);
    tie.set_by(by);
    return *this;
  }
  LegBuilder& diverted(const std::string& from, const char* reason) {
    koegura::Diversion& diversion = *record_.add_diversions();
    *diversion.mutable_party() = person(from);
    diversion.set_reason(reason);
    return *this;
  }
  LegBuilder& replaces(const std::string& leg, bool early_only) {
    koegura::DialogId& dialog = *record_.mutable_links()->mutable_replaces();
    dialog.set_call_id(leg + "@example.jp");
    dialog.set_early_only(early_only);
    return *this;
  }
  LegBuilder& referred_by(const std::string& uri) {
    record_.mutable_links()->set_referred_by(uri);
    return *this;
  }
  // Nobody says what became of it, unless status is given.
  LegBuilder& refers(double at, const char* by, const std::string& target) {
    refer_ = record_.mutable_links()->add_refers();
    refer_->set_at_s(at - start_);
    refer_->set_by(by);
    *refer_->mutable_target() = person(target);
    return *this;
  }
  LegBuilder& refers_in_place_of(const std::string& leg) {
    refer_->mutable_replaces()->set_call_id(leg + "@example.jp");
    return *this;
  }
  LegBuilder& came_to(unsigned status, double done) {
    refer_->set_status(status);
    refer_->set_done_s(done - start_);
    return *this;
  }
  LegBuilder& in_conversation(const std::string& leg) {
    record_.set_conversation("01KAJ4Q2H0ABCDEF" + leg);
    return *this;
  }

  koegura::CallRecord& record() { return record_; }
  operator koegura::CallRecord() const { return record_; }  // NOLINT: it is one

 private:
  std::string id_;
  koegura::CallRecord record_;
  double start_ = 0;
  std::optional<double> answered_;
  koegura::Refer* refer_ = nullptr;
};

// The citizen's leg to the exchange.
inline LegBuilder trunk() {
  return LegBuilder("a", kCitizen, kCityHall).between(kCarrier, kExchange);
}

// A leg from the exchange to a telephone.
inline LegBuilder phone(const std::string& id, const std::string& who, const char* hop) {
  return LegBuilder(id, kCitizen, who).between(kExchange, hop);
}

inline std::string told(std::vector<koegura::CallRecord> legs, const std::string& shown = "") {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  std::string story;
  const std::string id = shown.empty() ? "" : "01KAJ4Q2H0ABCDEF" + shown;
  for (const std::string& line : koegura::tools::conversation_story(
           {.legs = std::move(legs), .more = false, .shown = id}, "JP")) {
    story += line + '\n';
  }
  return story;
}

inline std::string without_legs(const std::string& story) {
  return story.substr(0, story.find("Legs\n"));
}
