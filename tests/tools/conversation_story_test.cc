#include "conversation_story.h"

#include <doctest/doctest.h>

#include <clocale>
#include <vector>

#include "conversation.h"
#include "conversation_connections.h"
#include "leg_builder.h"
#include "text_width.h"

namespace koegura::tools {
namespace {

constexpr const char* kCitizen = "+819012345678";
constexpr const char* kCityHall = "+81312345678";
constexpr const char* kPhone1 = "192.0.2.31:5060";
constexpr const char* kPhone2 = "192.0.2.32:5060";
constexpr const char* kPhone3 = "192.0.2.33:5060";

std::string told(std::vector<CallRecord> legs, const std::string& shown = "") {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  std::string story;
  const std::string id = shown.empty() ? "" : "01KAJ4Q2H0ABCDEF" + shown;
  for (const std::string& line :
       conversation_story({.legs = std::move(legs), .more = false, .shown = id}, "JP")) {
    story += line + '\n';
  }
  return story;
}

ConversationRow row(std::vector<CallRecord> legs) {
  return row_of(Conversation(std::move(legs)));
}

// The citizen's leg to the exchange.
LegBuilder trunk() {
  return LegBuilder("a", kCitizen, kCityHall).between(kCarrier, kExchange);
}

// A leg from the exchange to a telephone.
LegBuilder phone(const std::string& id, const std::string& who, const char* hop) {
  return LegBuilder(id, kCitizen, who).between(kExchange, hop);
}

TEST_CASE("of a call through an exchange each thing is told once, at the telephone") {
  CHECK(
      told({trunk().rings(0.3).answered(5.1).ends(65.1, "caller"), phone("b", "2301 山田", kPhone1)
                                                                       .begins(0.1)
                                                                       .rings(0.2)
                                                                       .answered(5)
                                                                       .ends(65.2, "caller")
                                                                       .tied("a", "payload")},
           "b") ==
      "Conversation  2 legs\n"
      "  090-1234-5678 called 03-1234-5678 → 2301 山田 answered\n"
      "     0:00.0  A  090-1234-5678 calls 03-1234-5678\n"
      "     0:00.2  B  2301 山田 rings\n"
      "     0:05.0  B  2301 山田 answers\n"
      "     1:05.1  A  090-1234-5678 hangs up\n"
      "Legs\n"
      "  A           01KAJ4Q2H0ABCDEF  answered, talk 1:00.0\n"
      "              090-1234-5678 → 03-1234-5678\n"
      "              tied to B: same audio\n"
      "  B, shown    01KAJ4Q2H0ABCDEF  answered, talk 1:00.2\n"
      "              090-1234-5678 → 2301 山田\n"
      "              tied to A: same audio\n");
}

TEST_CASE("telephones that ring together are one event, and so are those that lose the hunt") {
  CHECK(
      told({trunk().rings(0.3).answered(5.1).ends(65, "callee"),
            phone("b", "2301", kPhone1).begins(0.1).rings(0.2).lost(5.2).tied("c", "elsewhere"),
            phone("c", "2302 佐藤", kPhone2)
                .begins(0.1)
                .rings(0.25)
                .answered(5)
                .ends(64.9, "callee")
                .tied("a", "payload"),
            phone("d", "2303", kPhone3).begins(0.1).rings(0.3).lost(5.2).tied("c", "elsewhere")}) ==
      "Conversation  4 legs\n"
      "  090-1234-5678 called 03-1234-5678 → 2302 佐藤 answered\n"
      "     0:00.0  A      090-1234-5678 calls 03-1234-5678\n"
      "     0:00.2  B C D  2301, 2302 佐藤 and 2303 ring\n"
      "     0:05.0  C      2302 佐藤 answers\n"
      "     0:05.2  B D    2301 and 2303 stop ringing: answered elsewhere\n"
      "     1:04.9  C      2302 佐藤 hangs up\n"
      "Legs\n"
      "  A           01KAJ4Q2H0ABCDEF  answered, talk 0:59.9\n"
      "              090-1234-5678 → 03-1234-5678\n"
      "              tied to C: same audio\n"
      "  B           01KAJ4Q2H0ABCDEF  cancelled\n"
      "              090-1234-5678 → 2301\n"
      "              tied to C: hunt group\n"
      "  C           01KAJ4Q2H0ABCDEF  answered, talk 0:59.9\n"
      "              090-1234-5678 → 2302 佐藤\n"
      "              tied to A: same audio; B: hunt group; D: hunt group\n"
      "  D           01KAJ4Q2H0ABCDEF  cancelled\n"
      "              090-1234-5678 → 2303\n"
      "              tied to C: hunt group\n");
}

std::string without_legs(const std::string& story) {
  return story.substr(0, story.find("Legs\n"));
}

TEST_CASE("an announcement, a hold and a blind transfer, each with who did it") {
  CHECK(without_legs(told({trunk().answered(1).held("caller", 20.1, 60.1).ends(200, "caller"),
                           phone("b", "2301 山田", kPhone1)
                               .begins(8)
                               .rings(8.1)
                               .answered(13)
                               .held("caller", 20, 60)
                               .refers(61, "callee", "2305")
                               .came_to(200, 66)
                               .ends(66.5, "callee")
                               .tied("a", "payload"),
                           phone("c", "2305 佐藤", kPhone2)
                               .begins(61.2)
                               .rings(61.3)
                               .answered(65.5)
                               .ends(200.1, "caller")
                               .tied("a", "payload")
                               .tied("b", "refer")})) ==
        "Conversation  3 legs\n"
        "  090-1234-5678 called 03-1234-5678 → announcement or queue 0:12 → 2301 山田 answered → "
        "hold 0:40 → transferred to 2305 佐藤, who answered\n"
        "     0:00.0  A  090-1234-5678 calls 03-1234-5678\n"
        "     0:01.0  A  answered, but by no telephone yet: announcement, menu or queue, 0:12\n"
        "     0:08.1  B  2301 山田 rings\n"
        "     0:13.0  B  2301 山田 answers\n"
        "     0:20.0  B  2301 puts 090-1234-5678 on hold, 0:40\n"
        "     1:01.0  B  2301 asks to transfer 090-1234-5678 to 2305, blind: done 0:05 later\n"
        "     1:01.3  C  2305 佐藤 rings\n"
        "     1:05.5  C  2305 佐藤 answers\n"
        "     1:06.5  B  2301 山田 hangs up\n"
        "     3:20.0  A  090-1234-5678 hangs up\n");
}

// 2301 holds the citizen, asks 2305 and joins them.
std::vector<CallRecord> attended(bool with_refer) {
  LegBuilder asking = LegBuilder("c", "2301", "2305").between(kPhone1, kExchange);
  asking.begins(30).answered(34.1).ends(50, "caller").tied("d", "payload");
  LegBuilder first = phone("b", "2301 山田", kPhone1);
  first.begins(0.1).rings(0.2).answered(5).held("caller", 28, 50).tied("a", "payload");
  if (with_refer) {
    first.refers(49, "callee", "2305").refers_in_place_of("c").came_to(200, 50);
    asking.tied("b", "refer");
  }
  first.ends(50.2, "caller");
  return {trunk().answered(5.1).ends(120.1, "callee"), first, asking,
          LegBuilder("d", "2301", "2305 佐藤")
              .between(kExchange, kPhone2)
              .begins(30.1)
              .rings(30.2)
              .answered(34)
              .ends(120, "callee")
              .tied("a", "level")};
}

TEST_CASE("an attended transfer: the question asked is no transfer yet") {
  CHECK(without_legs(told(attended(true))) ==
        "Conversation  4 legs\n"
        "  090-1234-5678 called 03-1234-5678 → 2301 山田 answered → hold 0:22 → transferred to "
        "2305 佐藤\n"
        "     0:00.0  A  090-1234-5678 calls 03-1234-5678\n"
        "     0:00.2  B  2301 山田 rings\n"
        "     0:05.0  B  2301 山田 answers\n"
        "     0:28.0  B  2301 puts 090-1234-5678 on hold, 0:22\n"
        "     0:30.0  C  2301 calls 2305\n"
        "     0:30.2  D  2305 佐藤 rings\n"
        "     0:34.0  D  2305 佐藤 answers\n"
        "     0:49.0  B  2301 asks to transfer 090-1234-5678 to 2305, attended: done 0:01 later\n"
        "     0:50.0  C  2301 hangs up\n"
        "     0:50.0  D  090-1234-5678 is connected with 2305\n"
        "     0:50.2  B  2301 山田 is let go by the exchange\n"
        "     2:00.0  D  2305 佐藤 hangs up\n");
}

TEST_CASE(
    "a transfer that no header tells is passed on by the exchange, nobody knows at whose wish") {
  const std::string story = told(attended(false));
  CHECK(story.find("→ hold 0:22 → passed on to 2305 佐藤\n") != std::string::npos);
  CHECK(story.find("090-1234-5678 is connected with 2305\n") != std::string::npos);
  CHECK(story.find("asks to transfer") == std::string::npos);
  CHECK(without_legs(told({trunk().rings(0.3).answered(5.1).ends(90, "caller"),
                           phone("b", "2301", kPhone1)
                               .begins(0.1)
                               .rings(0.2)
                               .answered(5)
                               .ends(40, "caller")
                               .tied("a", "payload"),
                           phone("c", "2305 佐藤", kPhone2)
                               .begins(38)
                               .rings(38.1)
                               .answered(39.9)
                               .ends(90.1, "caller")
                               .tied("a", "payload")})) ==
        "Conversation  3 legs\n"
        "  090-1234-5678 called 03-1234-5678 → 2301 answered → passed on to 2305 佐藤, who "
        "answered\n"
        "     0:00.0  A  090-1234-5678 calls 03-1234-5678\n"
        "     0:00.2  B  2301 rings\n"
        "     0:05.0  B  2301 answers\n"
        "     0:38.1  C  2305 佐藤 rings\n"
        "     0:39.9  C  2305 佐藤 answers\n"
        "     0:40.0  B  2301 is let go by the exchange\n"
        "     1:30.0  A  090-1234-5678 hangs up\n");
}

TEST_CASE("a neighbour picks up with Replaces, and another through the exchange alone") {
  const auto ringing =
      phone("b", "2301 山田", kPhone1).begins(0.1).rings(0.2).lost(8.1).tied("a", "session-id");
  const auto citizen = trunk().rings(0.3).answered(8.1).ends(60, "caller");
  CHECK(without_legs(told({citizen, ringing,
                           LegBuilder("c", "2302 佐藤", "2301")
                               .between(kPhone2, kExchange)
                               .begins(8)
                               .answered(8.05)
                               .ends(60.1, "callee")
                               .replaces("b", true)
                               .tied("a", "payload")
                               .tied("b", "replaces")})) ==
        "Conversation  3 legs\n"
        "  090-1234-5678 called 03-1234-5678 → picked up by 2302 佐藤\n"
        "     0:00.0  A  090-1234-5678 calls 03-1234-5678\n"
        "     0:00.2  B  2301 山田 rings\n"
        "     0:08.0  C  2302 佐藤 picks up what rings at 2301 山田\n"
        "     0:08.1  B  2301 山田 stops ringing: answered elsewhere\n"
        "     1:00.0  A  090-1234-5678 hangs up\n");
  CHECK(without_legs(told({citizen, ringing,
                           LegBuilder("c", "2302 佐藤", "*8")
                               .between(kPhone2, kExchange)
                               .begins(8)
                               .answered(8.05)
                               .ends(60.1, "callee")
                               .tied("a", "payload")})) ==
        "Conversation  3 legs\n"
        "  090-1234-5678 called 03-1234-5678 → 2302 佐藤 took the call\n"
        "     0:00.0  A  090-1234-5678 calls 03-1234-5678\n"
        "     0:00.2  B  2301 山田 rings\n"
        "     0:08.0  C  2302 佐藤 calls *8\n"
        "     0:08.1  C  2302 佐藤 takes the call\n"
        "     0:08.1  B  2301 山田 stops ringing: answered elsewhere\n"
        "     1:00.0  A  090-1234-5678 hangs up\n");
}

TEST_CASE("a call forwarded on no answer says from whom and why") {
  CHECK(without_legs(told({trunk().rings(0.3).answered(25.1).ends(60, "callee"),
                           phone("b", "2301", kPhone1)
                               .begins(0.1)
                               .rings(0.2)
                               .ends(20, "caller", 487, "Request Terminated")
                               .state("cancelled"),
                           phone("c", "2302 佐藤", kPhone2)
                               .begins(20.1)
                               .rings(20.2)
                               .answered(25)
                               .ends(60, "callee")
                               .diverted("2301", "no-answer")
                               .tied("a", "payload")})) ==
        "Conversation  3 legs\n"
        "  090-1234-5678 called 03-1234-5678 → forwarded from 2301 (no answer) → 2302 佐藤 "
        "answered\n"
        "     0:00.0  A  090-1234-5678 calls 03-1234-5678\n"
        "     0:00.2  B  2301 rings\n"
        "     0:20.0  B  2301 stops ringing, not answered\n"
        "     0:20.2  C  2302 佐藤 rings, forwarded from 2301: no answer\n"
        "     0:25.0  C  2302 佐藤 answers\n"
        "     1:00.0  C  2302 佐藤 hangs up\n");
}

TEST_CASE("a hold belongs to the side that asked for it, or to the exchange that did by itself") {
  const std::string story = told({trunk()
                                      .answered(5.1)
                                      .held("caller", 20.1, 30)
                                      .held("callee", 40, 45)
                                      .held("caller", 50, 55)
                                      .ends(60, "caller"),
                                  phone("b", "2301", kPhone1)
                                      .begins(0.1)
                                      .answered(5)
                                      .held("caller", 20, 30)
                                      .held("callee", 40.1, 45)
                                      .ends(60.1, "caller")
                                      .tied("a", "payload")});
  CHECK(without_legs(story) ==
        "Conversation  2 legs\n"
        "  090-1234-5678 called 03-1234-5678 → 2301 answered → hold 0:20 (3 times)\n"
        "     0:00.0  A  090-1234-5678 calls 03-1234-5678\n"
        "     0:05.0  B  2301 answers\n"
        "     0:20.0  B  2301 puts 090-1234-5678 on hold, 0:10\n"
        "     0:40.0  A  090-1234-5678 puts 2301 on hold, 0:05\n"
        "     0:50.0  A  the exchange puts 090-1234-5678 on hold, 0:05\n"
        "     1:00.0  A  090-1234-5678 hangs up\n");
}

TEST_CASE("where the audio fits two conversations, both are named and none is claimed") {
  CallRecord alone = phone("b", "2301", kPhone1).answered(5).ends(60, "caller");
  alone.mutable_joining()->add_ambiguous("01KAJ4Q2H0ABCDEFGHJKMNPQRS");
  alone.mutable_joining()->add_ambiguous("01KAJ4Q2H1ABCDEFGHJKMNPQRS");
  CHECK(is_worth_telling({.legs = {alone}}));
  CHECK(told({alone}) ==
        "Conversation\n"
        "  may belong to 01KAJ4Q2H0ABCDEF… or 01KAJ4Q2H1ABCDEF…: the audio fits both, so it is "
        "joined to none\n");
}

TEST_CASE("a leg of which only media was seen is told as that, and answers nothing") {
  LegBuilder media("b", "192.0.2.31:40000", "192.0.2.1:40002");
  for (Party* party : {media.record().mutable_caller(), media.record().mutable_callee()}) {
    party->set_raw(party->number());
    party->clear_number();
  }
  const std::string story =
      told({trunk().answered(5.1).ends(60, "caller"),
            media.begins(5.2).state("media-only").ends(60, "recorder").tied("a", "payload")});
  CHECK(story ==
        "Conversation  2 legs\n"
        "  090-1234-5678 called 03-1234-5678 → 03-1234-5678 answered\n"
        "     0:00.0  A  090-1234-5678 calls 03-1234-5678\n"
        "     0:05.1  A  03-1234-5678 answers\n"
        "     0:05.2  B  media without signalling: 192.0.2.31:40000 and 192.0.2.1:40002, 0:55\n"
        "     1:00.0  A  090-1234-5678 hangs up\n"
        "Legs\n"
        "  A           01KAJ4Q2H0ABCDEF  answered, talk 0:54.9\n"
        "              090-1234-5678 → 03-1234-5678\n"
        "              tied to B: same audio\n"
        "  B           01KAJ4Q2H0ABCDEF  media-only\n"
        "              192.0.2.31:40000 → 192.0.2.1:40002\n"
        "              tied to A: same audio\n");
}

TEST_CASE("telephones that transfer among themselves, without an exchange between") {
  const auto alice = [](const char* id, const char* callee, const char* hop) {
    return LegBuilder(id, "2301 山田", callee).between(kPhone1, hop);
  };
  CHECK(without_legs(told({alice("a", "2302", kPhone2)
                               .rings(0.1)
                               .answered(3)
                               .refers(10, "callee", "2303")
                               .came_to(200, 15)
                               .ends(15.1, "callee"),
                           alice("b", "2303 鈴木", kPhone3)
                               .begins(10.1)
                               .rings(10.2)
                               .answered(14.9)
                               .ends(40, "caller")
                               .referred_by("sip:2302@example.jp")
                               .tied("a", "session-id")})) ==
        "Conversation  2 legs\n"
        "  2301 山田 called 2302 → 2302 answered → transferred to 2303 鈴木, who answered\n"
        "     0:00.0  A  2301 山田 calls 2302\n"
        "     0:00.1  A  2302 rings\n"
        "     0:03.0  A  2302 answers\n"
        "     0:10.0  A  2302 asks to transfer 2301 to 2303, blind: done 0:05 later\n"
        "     0:10.1  B  2301 山田 calls 2303 鈴木, referred by 2302\n"
        "     0:10.2  B  2303 鈴木 rings\n"
        "     0:14.9  B  2303 鈴木 answers\n"
        "     0:15.1  A  2302 hangs up\n"
        "     0:40.0  B  2301 山田 hangs up\n");
}

TEST_CASE("a transfer that fails, and what came before the answer") {
  const std::string story = told({LegBuilder("a", kCitizen, "2301")
                                      .between(kCarrier, kPhone1)
                                      .span("early-media", "callee", 1, 13)
                                      .answered(13)
                                      .refers(20, "callee", "2305")
                                      .came_to(486, 22)
                                      .ends(60, "callee")});
  CHECK(story ==
        "Conversation\n"
        "  090-1234-5678 called 2301 → tones or announcement 0:12 → 2301 answered → transfer to "
        "2305 failed (486)\n"
        "     0:00.0  090-1234-5678 calls 2301\n"
        "     0:01.0  before the answer: tones or an announcement, 0:12\n"
        "     0:13.0  2301 answers\n"
        "     0:20.0  2301 asks to transfer 090-1234-5678 to 2305, blind: it fails, 486\n"
        "     1:00.0  2301 hangs up\n");
}

TEST_CASE("a call that nobody answers says how it ended") {
  const auto ringing = phone("b", "2301", kPhone1).begins(0.1).rings(0.2);
  const auto way = [](const std::string& story) {
    return story.substr(0, story.find("     0:00"));
  };
  CHECK(way(told({trunk().ends(20, "caller", 487, "Request Terminated").state("cancelled"),
                  LegBuilder(ringing).ends(20.1, "caller", 487).state("cancelled")})) ==
        "Conversation  2 legs\n  090-1234-5678 called 03-1234-5678 → given up\n");
  CHECK(way(told({trunk().ends(2, "callee", 486, "Busy Here").state("busy"),
                  LegBuilder(ringing).ends(2, "callee", 486, "Busy Here").state("busy")})) ==
        "Conversation  2 legs\n  090-1234-5678 called 03-1234-5678 → busy\n");
  // The exchange answers, and no telephone does.
  CHECK(way(told({trunk().answered(1).ends(20, "caller"),
                  LegBuilder(ringing).ends(20.1, "caller", 487).state("cancelled")})) ==
        "Conversation  2 legs\n  090-1234-5678 called 03-1234-5678 → announcement or queue 0:19 → "
        "nobody answered\n");
}

TEST_CASE("a call by itself is not worth a conversation, one that was forwarded is") {
  CHECK_FALSE(is_worth_telling({.legs = {trunk().answered(5).ends(60, "caller")}}));
  CHECK(is_worth_telling({.legs = {trunk().diverted("2301", "user-busy")}}));
  CHECK(is_worth_telling({.legs = {trunk().refers(5, "callee", "2305")}}));
}

TEST_CASE("names and reasons from the wire cannot steer the terminal") {
  CallRecord record = trunk().diverted("2301 \x1b[2J", "\x1b]0;owned\x07");
  record.mutable_links()->set_referred_by("sip:\x1b[31m@example.jp");
  record.mutable_release()->set_reason("\x1b[1m");
  record.mutable_release()->set_by("recorder");
  record.mutable_joining()->add_ambiguous("\x1b[1m");
  record.mutable_joining()->add_ties()->set_by("\x1b[1m");
  CHECK(
      told({record, phone("b", "2302 \x1b[2J", kPhone1).rings(1).ends(2, "callee", 404, "\x1b[1m")})
          .find('\x1b') == std::string::npos);
}

TEST_CASE("hundreds of legs that are all tied to each other are told in a moment") {
  std::vector<CallRecord> legs = {trunk().answered(1).ends(60, "caller")};
  for (int i = 0; i < 199; ++i) {
    LegBuilder leg = phone("x" + std::to_string(i), std::to_string(3000 + i), kPhone1);
    leg.begins(0.1).rings(0.2).answered(1).ends(60, "caller").tied("a", "payload");
    for (int j = 0; j < i; ++j) leg.tied("x" + std::to_string(j), "payload");
    legs.push_back(leg);
  }
  const std::string story = told(legs);
  CHECK(story.find("3000, 3001, 3002, 3003 and 195 more ring\n") != std::string::npos);
  CHECK(story.find("  A           ") != std::string::npos);
  CHECK(story.find("  GR          ") != std::string::npos);
}

// ---- one row a conversation -----------------------------------------------------------------

TEST_CASE(
    "a conversation's row has the number called and who answered last, through the transfer") {
  const ConversationRow transferred = row(attended(true));
  CHECK(transferred.caller().number() == kCitizen);
  CHECK(transferred.callee().number() == kCityHall);
  CHECK(transferred.answered_by().number() == "2305");
  CHECK(transferred.state() == "answered");
  CHECK(transferred.talk_s() == doctest::Approx(115));
  CHECK(transferred.duration_s() == doctest::Approx(120.1));
  CHECK(transferred.legs_size() == 4);
}

TEST_CASE("a conversation that the exchange alone answered was missed") {
  const ConversationRow missed = row(
      {trunk().answered(1).ends(20, "caller"),
       phone("b", "2301", kPhone1).begins(2).rings(2.1).ends(20.1, "caller").state("cancelled")});
  CHECK(missed.state() == "missed");
  CHECK_FALSE(missed.has_answered_by());
  CHECK(missed.talk_s() == 0);
}

TEST_CASE("a call that is alone is a conversation with the call's own state") {
  for (const char* state : {"missed", "busy", "cancelled", "failed", "interrupted", "media-only"}) {
    CAPTURE(state);
    CHECK(row({trunk().ends(20, "callee").state(state)}).state() == state);
  }
  CHECK(row({trunk().answered(5).ends(20, "callee")}).state() == "answered");
  CHECK(row({trunk().answered(5).ends(20, "recorder").state("interrupted")}).state() ==
        "interrupted");
}

}  // namespace
}  // namespace koegura::tools
