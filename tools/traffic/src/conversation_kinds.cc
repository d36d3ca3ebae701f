#include "conversation_kinds.h"

#include <fmt/format.h>

namespace koegura::traffic {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Media = SipLine::Media;
using Heard = ConversationSound;

constexpr const char* kElsewhere =
    "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n";  // RFC 3326, TS 24.229

Side far_side(const LegPlan& leg) {
  return other(leg.pbx);
}

// A dialog as the value of Replaces (RFC 3891 §6.1), for the side that will receive the header.
std::string dialog_for(const LegPlan& leg, Side receiver) {
  return fmt::format("{};to-tag={};from-tag={}", leg.call.call_id,
                     leg.call.tags[index_of(receiver)], leg.call.tags[index_of(other(receiver))]);
}

std::string uri_of(const Party& party) {
  return fmt::format("sip:{}@cityhall.example", party.number);
}

// A citizen's call, the PBX's call to a phone for it, and what happens until somebody talks.
struct Through {
  LegPlan& trunk;
  LegPlan& phone;
  Timestamp rings;
};

Through call_through(Story& story) {
  LegPlan& trunk = story.call(story.citizen(), story.pbx(Story::pilot_number()), story.start());
  const Timestamp sent_on = story.start() + story.between_ms(15, 40);
  LegPlan& phone = story.call(story.pbx(story.citizen().number), story.desk(0), sent_on);
  const Timestamp rings = sent_on + story.between_ms(20, 80);
  story.ring(phone, rings);
  story.ring(trunk, rings + story.between_ms(2, 8));
  return {trunk, phone, rings};
}

// Gives when both can talk.
Timestamp answer_both(Story& story, LegPlan& trunk, LegPlan& phone, Timestamp at) {
  story.answer(phone, at);
  story.answer(trunk, at + story.between_ms(3, 10));
  return at + milliseconds(30);
}

// From the answer to the end of the talk.
void talk(Story& story, LegPlan& trunk, LegPlan& phone, Timestamp from, Timestamp until) {
  story.speak(trunk, far_side(trunk), Heard::kCitizen, from, until);
  story.speak(phone, far_side(phone), Heard::kDesk, from, until);
  story.bridge(trunk, phone, from, until);
}

// Either far end hangs up, and the PBX the other leg.
void hang_up_both(Story& story, LegPlan& trunk, LegPlan& phone, Timestamp at) {
  const bool by_trunk = story.random().below(2) == 0;
  LegPlan& first = by_trunk ? trunk : phone;
  LegPlan& second = by_trunk ? phone : trunk;
  story.hang_up(first, far_side(first), at);
  story.hang_up(second, second.pbx, at + story.between_ms(5, 20));
}

void talk_through(Story& story, const Through& through) {
  const Timestamp from =
      answer_both(story, through.trunk, through.phone, through.rings + story.ring_time());
  const Timestamp until = from + story.talk_time();
  talk(story, through.trunk, through.phone, from, until);
  hang_up_both(story, through.trunk, through.phone, until);
}

void tell_twin(Story& story) {
  talk_through(story, call_through(story));
}

void tell_transcoded(Story& story) {
  constexpr std::array kGains = {1.0, 0.708, 0.501};  // 0, -3, -6 dB: a PBX's loss plan
  story.set_recoded_gain(kGains[story.random().below(kGains.size())]);
  const Codec* wideband = find_codec("G722");
  const bool narrow = wideband == nullptr || story.random().below(2) == 0;
  story.set_phone_codec(narrow ? *find_codec("PCMA") : *wideband);
  talk_through(story, call_through(story));
}

void tell_fork(Story& story) {
  constexpr std::uint32_t kDesks = 3;
  const std::uint32_t winner = story.random().below(kDesks);
  const bool says_why = story.random().below(4) != 0;
  LegPlan& trunk = story.call(story.citizen(), story.pbx(Story::pilot_number()), story.start());
  const Timestamp sent_on = story.start() + story.between_ms(15, 40);
  std::array<LegPlan*, kDesks> legs{};
  for (std::uint32_t n = 0; n < kDesks; ++n) {
    legs[n] = &story.call(story.pbx(story.citizen().number), story.desk(n),
                          sent_on + milliseconds(2 * n));
    story.ring(*legs[n], sent_on + milliseconds(2 * n) + story.between_ms(20, 80));
  }
  story.ring(trunk, sent_on + milliseconds(100));

  const Timestamp answered = sent_on + milliseconds(100) + story.ring_time();
  const Timestamp from = answer_both(story, trunk, *legs[winner], answered);
  for (std::uint32_t n = 0; n < kDesks; ++n) {
    if (n == winner) continue;
    legs[n]->joinable = says_why;
    story.cancel(*legs[n], answered + story.between_ms(5, 30), says_why ? kElsewhere : "");
  }
  const Timestamp until = from + story.talk_time();
  talk(story, trunk, *legs[winner], from, until);
  hang_up_both(story, trunk, *legs[winner], until);
}

void tell_blind(Story& story) {
  const auto [trunk, phone, rings] = call_through(story);
  const Timestamp from = answer_both(story, trunk, phone, rings + story.ring_time());
  const Timestamp until = from + story.talk_time();
  const Timestamp refers = from + story.talk_time() * 2 / 5;
  story.speak(trunk, far_side(trunk), Heard::kCitizen, from, until);
  story.speak(phone, far_side(phone), Heard::kDesk, from, refers);
  story.bridge(trunk, phone, from, refers);

  const std::string referred_by = fmt::format("Referred-By: <{}>\r\n", uri_of(story.desk(0)));
  story.refer(phone, far_side(phone), refers,
              fmt::format("Refer-To: <{}>\r\n", uri_of(story.desk(1))) + referred_by);
  const Timestamp calls = refers + story.between_ms(15, 40);
  LegPlan& next = story.call(story.pbx(story.citizen().number), story.desk(1), calls, referred_by);
  story.ring(next, calls + story.between_ms(20, 80));
  const Timestamp answers = calls + milliseconds(100) + story.talk_time() / 10;
  story.play_music(trunk, refers, answers);
  story.answer(next, answers);
  story.notify(phone, phone.pbx, answers + milliseconds(20), "SIP/2.0 200 OK");
  story.hang_up(phone, far_side(phone), answers + milliseconds(60));

  story.speak(next, far_side(next), Heard::kSecondDesk, answers + milliseconds(30), until);
  story.bridge(trunk, next, answers + milliseconds(30), until);
  hang_up_both(story, trunk, next, until);
}

// Desk 0 asks desk 1 while the citizen hears music; gives the two legs of that.
Through consult(Story& story, Timestamp from, Timestamp until) {
  const Timestamp asks = from - milliseconds(500);
  LegPlan& asking = story.call(story.desk(0), story.pbx(story.desk(1).number), asks);
  const Timestamp sent_on = asks + story.between_ms(15, 40);
  LegPlan& asked = story.call(story.pbx(story.desk(0).number), story.desk(1), sent_on);
  const Timestamp rings = sent_on + story.between_ms(20, 80);
  story.ring(asked, rings);
  story.ring(asking, rings + story.between_ms(2, 8));
  const Timestamp talks = answer_both(story, asking, asked, from - milliseconds(100));
  story.speak(asking, far_side(asking), Heard::kDesk, talks, until);
  story.speak(asked, far_side(asked), Heard::kSecondDesk, talks, until);
  story.bridge(asking, asked, talks, until);
  return {asking, asked, rings};
}

void tell_attended(Story& story) {
  const auto [trunk, phone, rings] = call_through(story);
  const Timestamp from = answer_both(story, trunk, phone, rings + story.ring_time());
  const Timestamp until = from + story.talk_time();
  const Timestamp holds = from + story.talk_time() * 3 / 10;
  const Timestamp refers = holds + milliseconds(800) + story.talk_time() / 4;
  story.speak(trunk, far_side(trunk), Heard::kCitizen, from, until);
  story.speak(phone, far_side(phone), Heard::kDesk, from, holds);
  story.bridge(trunk, phone, from, holds);
  const Reoffer hold =
      story.reinvite(phone, far_side(phone), holds, Media::kSendOnly, Media::kRecvOnly);
  const auto consultation = consult(story, holds + milliseconds(800), refers);
  LegPlan& asking = consultation.trunk;
  LegPlan& asked = consultation.phone;

  // Refer-To carries the Replaces of the INVITE that it asks for, escaped (RFC 3515 §2.1).
  const LegPlan& named = asking;
  const std::string replaces =
      fmt::format("{}%3Bto-tag%3D{}%3Bfrom-tag%3D{}", named.call.call_id,
                  named.call.tags[index_of(named.pbx)], named.call.tags[index_of(far_side(named))]);
  story.refer(phone, far_side(phone), refers,
              fmt::format("Refer-To: <{}?Replaces={}>\r\nReferred-By: <{}>\r\n",
                          uri_of(story.desk(1)), replaces, uri_of(story.desk(0))));
  const Timestamp calls = refers + story.between_ms(15, 40);
  LegPlan& next =
      story.call(story.pbx(story.citizen().number), story.desk(1), calls,
                 fmt::format("Replaces: {}\r\nReferred-By: <{}>\r\nRequire: replaces\r\n",
                             dialog_for(asked, far_side(asked)), uri_of(story.desk(0))));
  const Timestamp answers = calls + story.between_ms(20, 60);
  story.play_music(trunk, hold.answered, answers);
  story.answer(next, answers);
  story.hang_up(asked, far_side(asked), answers + milliseconds(10));
  story.notify(phone, phone.pbx, answers + milliseconds(15), "SIP/2.0 200 OK");
  story.hang_up(asking, asking.pbx, answers + milliseconds(25));
  story.hang_up(phone, far_side(phone), answers + milliseconds(60));
  phone.call.hold = PlannedHold{hold, {{}, phone.call.end, {}}, true};

  story.speak(next, far_side(next), Heard::kSecondDesk, answers + milliseconds(30), until);
  story.bridge(trunk, next, answers + milliseconds(30), until);
  hang_up_both(story, trunk, next, until);
}

void tell_reinvite(Story& story) {
  const auto [trunk, phone, rings] = call_through(story);
  const Timestamp from = answer_both(story, trunk, phone, rings + story.ring_time());
  const Timestamp until = from + story.talk_time();
  const Timestamp moves = from + story.talk_time() * 2 / 5;
  const Timestamp calls = moves + story.between_ms(100, 300);
  const Timestamp answers = calls + milliseconds(100) + story.talk_time() / 10;
  story.speak(trunk, far_side(trunk), Heard::kCitizen, from, until);
  story.speak(phone, far_side(phone), Heard::kDesk, from, moves);
  story.bridge(trunk, phone, from, moves);
  story.hang_up(phone, far_side(phone), moves);

  LegPlan& next = story.call(story.pbx(story.citizen().number), story.desk(1), calls);
  story.ring(next, calls + story.between_ms(20, 80));
  story.answer(next, answers);
  story.reinvite(trunk, trunk.pbx, answers + milliseconds(5), Media::kSendRecv, Media::kSendRecv);
  story.speak(next, far_side(next), Heard::kSecondDesk, answers + milliseconds(30), until);
  story.bridge(trunk, next, answers + milliseconds(30), until);
  hang_up_both(story, trunk, next, until);
}

void tell_pickup(Story& story) {
  const auto [trunk, phone, rings] = call_through(story);
  const bool by_header = story.random().below(2) == 0;
  const Timestamp picks = rings + story.ring_time();
  LegPlan& neighbour =
      by_header ? story.call(story.desk(1), story.pbx(story.desk(0).number), picks,
                             fmt::format("Replaces: {};early-only\r\nRequire: replaces\r\n",
                                         dialog_for(phone, phone.pbx)))
                : story.call(story.desk(1), story.pbx("*8"), picks);
  phone.joinable = by_header;
  const Timestamp answered = picks + story.between_ms(20, 60);
  const Timestamp from = answer_both(story, trunk, neighbour, answered);
  story.cancel(phone, answered + story.between_ms(5, 20), by_header ? kElsewhere : "");
  const Timestamp until = from + story.talk_time();
  talk(story, trunk, neighbour, from, until);
  hang_up_both(story, trunk, neighbour, until);
}

void tell_hold(Story& story) {
  const auto [trunk, phone, rings] = call_through(story);
  const Timestamp from = answer_both(story, trunk, phone, rings + story.ring_time());
  const Timestamp until = from + story.talk_time();
  const Side desk = far_side(phone);
  const Reoffer hold = story.reinvite(phone, desk, from + story.talk_time() * 3 / 10,
                                      Media::kSendOnly, Media::kRecvOnly);
  const Reoffer resume = story.reinvite(phone, desk, from + story.talk_time() * 6 / 10,
                                        Media::kSendRecv, Media::kSendRecv);
  phone.call.hold = PlannedHold{hold, resume, true};
  story.speak(trunk, far_side(trunk), Heard::kCitizen, from, until);
  story.speak(phone, desk, Heard::kDesk, from, hold.answered);
  story.bridge(trunk, phone, from, hold.answered);
  story.play_music(trunk, hold.answered, resume.answered);
  story.speak(phone, desk, Heard::kDesk, resume.answered, until);
  story.bridge(trunk, phone, resume.answered, until);
  hang_up_both(story, trunk, phone, until);
}

void tell_announcement(Story& story) {
  LegPlan& trunk = story.call(story.citizen(), story.pbx(Story::pilot_number()), story.start());
  const Timestamp picked_up = story.start() + story.between_ms(50, 150);
  story.answer(trunk, picked_up);
  const Timestamp heard = picked_up + milliseconds(30);
  const Timestamp told = heard + seconds(5);
  const Timestamp calls = told - milliseconds(100);
  LegPlan& phone = story.call(story.pbx(story.citizen().number), story.desk(0), calls);
  story.ring(phone, calls + story.between_ms(20, 80));
  const Timestamp answered = calls + milliseconds(100) + story.ring_time();
  story.answer(phone, answered);

  const Timestamp from = answered + milliseconds(30);
  const Timestamp until = from + story.talk_time();
  story.stay_silent_for(from - heard);
  story.play_announcement(trunk, heard, told);
  story.speak(trunk, far_side(trunk), Heard::kCitizen, heard, until);
  story.speak(phone, far_side(phone), Heard::kDesk, from, until);
  story.bridge(trunk, phone, from, until);
  hang_up_both(story, trunk, phone, until);
}

// RFC 7989 §6: the PBX passes both ends' identifiers along.
void tell_session_id(Story& story) {
  const auto through = call_through(story);
  for (const Side side : kSides) {
    const std::string uuid =
        fmt::format("{:016x}{:016x}", story.random().next(), story.random().next());
    through.trunk.call.session_uuids[index_of(side)] = uuid;
    through.phone.call.session_uuids[index_of(side)] = uuid;
  }
  talk_through(story, through);
}

void tell_direct(Story& story) {
  const auto [trunk, phone, rings] = call_through(story);
  trunk.call.media[index_of(trunk.pbx)] = phone.call.media[index_of(far_side(phone))];
  phone.call.media[index_of(phone.pbx)] = trunk.call.media[index_of(far_side(trunk))];
  const Timestamp from = answer_both(story, trunk, phone, rings + story.ring_time());
  const Timestamp until = from + story.talk_time();
  story.speak(trunk, far_side(trunk), Heard::kCitizen, from, until);
  story.speak(trunk, trunk.pbx, Heard::kDesk, from, until);
  hang_up_both(story, trunk, phone, until);
}

void tell_internal(Story& story) {
  LegPlan& calling = story.call(story.desk(0), story.pbx(story.desk(1).number), story.start());
  const Timestamp sent_on = story.start() + story.between_ms(15, 40);
  LegPlan& called = story.call(story.pbx(story.desk(0).number), story.desk(1), sent_on);
  const Timestamp rings = sent_on + story.between_ms(20, 80);
  story.ring(called, rings);
  story.ring(calling, rings + story.between_ms(2, 8));
  talk_through(story, {calling, called, rings});
}

void tell_single(Story& story) {
  LegPlan& trunk = story.call(story.citizen(), story.pbx(Story::pilot_number()), story.start());
  const Timestamp rings = story.start() + story.between_ms(20, 80);
  const std::uint32_t ending = story.random().below(3);
  if (ending == 0) return story.refuse(trunk, rings, Outcome::kBusy);
  story.ring(trunk, rings);
  const Timestamp rang = rings + story.ring_time();
  if (ending == 1) return story.refuse(trunk, rang, Outcome::kMissed);

  // The mail box says the same to everybody, and then listens.
  story.answer(trunk, rang);
  const Timestamp from = rang + milliseconds(30);
  const Timestamp until = from + story.talk_time();
  story.stay_silent_for(seconds(5));
  story.play_announcement(trunk, from, from + seconds(5));
  story.speak(trunk, far_side(trunk), Heard::kCitizen, from, until);
  story.hang_up(trunk, far_side(trunk), until);
}

using Kind = ConversationKind;

constexpr std::array kRows = {
    ConversationRow{Kind::kTwin, "twin", 22, tell_twin},
    ConversationRow{Kind::kTranscoded, "transcoded", 12, tell_transcoded},
    ConversationRow{Kind::kFork, "fork", 10, tell_fork},
    ConversationRow{Kind::kBlind, "blind", 6, tell_blind},
    ConversationRow{Kind::kAttended, "attended", 5, tell_attended},
    ConversationRow{Kind::kReinvite, "reinvite", 6, tell_reinvite},
    ConversationRow{Kind::kPickup, "pickup", 6, tell_pickup},
    ConversationRow{Kind::kHold, "hold", 10, tell_hold},
    ConversationRow{Kind::kAnnouncement, "announcement", 6, tell_announcement},
    ConversationRow{Kind::kSessionId, "session-id", 4, tell_session_id},
    ConversationRow{Kind::kDirect, "direct", 4, tell_direct},
    ConversationRow{Kind::kInternal, "internal", 4, tell_internal},
    ConversationRow{Kind::kSingle, "single", 5, tell_single},
};

}  // namespace

std::span<const ConversationRow> conversation_rows() {
  return kRows;
}

std::vector<std::string> conversation_kind_names() {
  std::vector<std::string> names;
  for (const ConversationRow& row : kRows) names.emplace_back(row.name);
  return names;
}

std::string_view kind_name(ConversationKind kind) {
  return kRows[static_cast<std::size_t>(kind)].name;
}

}  // namespace koegura::traffic
