// A Conversations under test that speaks of legs by their Call-IDs.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "conversations.h"
#include "leg_builder.h"

namespace koegura::store {

class Story {
 public:
  Story() = default;
  explicit Story(const Conversations::Limits& limits) : conversations_(limits) {}

  Story& add(const LegEvidence& leg) {
    names_[leg.id] = leg.call_id;
    ids_[leg.call_id] = leg.id;
    const Conversations::Outcome outcome = conversations_.add(leg);
    for (const PlacedLeg& placed : outcome.placed) places_[placed.leg] = placed.place;
    gone_ += outcome.gone.size();
    return *this;
  }
  Story& add_all(const std::vector<LegEvidence>& legs) {
    for (const LegEvidence& leg : legs) add(leg);
    return *this;
  }

  [[nodiscard]] const Place& place(const std::string& leg) const {
    return places_.at(ids_.at(leg));
  }
  [[nodiscard]] bool are_one(const std::string& a, const std::string& b) const {
    return place(a).conversation == place(b).conversation;
  }
  // By what, or "" if nothing ties the two; the same from both sides.
  [[nodiscard]] std::string tie(const std::string& a, const std::string& b) const {
    const std::string there = tie_of(a, b);
    CHECK(there == tie_of(b, a));
    return there;
  }
  [[nodiscard]] std::set<std::string> doubts(const std::string& leg) const {
    std::set<std::string> names;
    for (const Ulid& id : place(leg).ambiguous) names.insert(names_.at(id));
    return names;
  }
  [[nodiscard]] const std::map<Ulid, Place>& places() const { return places_; }
  [[nodiscard]] const Conversations& conversations() const { return conversations_; }
  [[nodiscard]] std::size_t gone() const { return gone_; }

 private:
  [[nodiscard]] std::string tie_of(const std::string& a, const std::string& b) const {
    for (const StandingTie& tie : place(a).ties) {
      if (tie.leg == ids_.at(b)) return std::string(name_of(tie.by));
    }
    return "";
  }

  Conversations conversations_;
  std::map<Ulid, std::string> names_;
  std::map<std::string, Ulid> ids_;
  std::map<Ulid, Place> places_;
  std::size_t gone_ = 0;
};

// The city's telephone system: a carrier's border, the PBX, a phone on each desk.
inline const std::string kBorder = "192.0.2.1";
inline const std::string kPbx = "192.0.2.10";
inline std::string desk(int number) {
  return "192.0.2." + std::to_string(100 + number);
}

// What citizen and clerk say while the two are connected.
struct Talk {
  Voice citizen;
  Voice clerk;
  double from_s;
  double to_s;
  bool transcoded = false;  // by the PBX, on the leg to the desk
};

// The leg between border and PBX. Extra parts are heard by the citizen beside the talk.
inline LegBuilder trunk_leg(const std::string& name, double start_s, double end_s, const Talk& talk,
                            std::vector<Heard> also_heard = {}, int port = 10000) {
  LegBuilder leg(name, start_s, end_s);
  const std::string border = kBorder + ":" + std::to_string(port);
  const std::string pbx = kPbx + ":" + std::to_string(port + 2);
  also_heard.push_back({talk.clerk, talk.from_s, talk.to_s, 0.01});
  leg.from("+819012345678", kBorder).to("+81312340000").answered(talk.from_s);
  leg.stream(Side::kCaller, border, pbx, {{talk.citizen, start_s, end_s}});
  leg.stream(Side::kCallee, pbx, border, also_heard);
  return leg;
}

// The leg between PBX and desk.
inline LegBuilder desk_leg(const std::string& name, double start_s, double end_s, const Talk& talk,
                           int number = 1, int port = 20000) {
  LegBuilder leg(name, start_s, end_s);
  const std::string pbx = kPbx + ":" + std::to_string(port);
  const std::string phone = desk(number) + ":" + std::to_string(port + 2);
  leg.from("+819012345678", kPbx).to("230" + std::to_string(number)).answered(talk.from_s);
  leg.stream(Side::kCaller, pbx, phone,
             {{talk.citizen, talk.from_s, talk.to_s, 0.01, talk.transcoded}});
  leg.stream(Side::kCallee, phone, pbx, {{talk.clerk, talk.from_s, talk.to_s, 0, talk.transcoded}});
  return leg;
}

}  // namespace koegura::store
