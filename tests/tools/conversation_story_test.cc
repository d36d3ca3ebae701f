#include "conversation_story.h"

#include <doctest/doctest.h>

#include "conversation.h"
#include "conversation_connections.h"
#include "leg_builder.h"

namespace koegura::tools {
namespace {

ConversationRow row(std::vector<CallRecord> legs) {
  return row_of(Conversation(std::move(legs)));
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
    const std::string address = "192.0.2." + std::to_string(40 + i) + ":5060";
    LegBuilder leg = phone("x" + std::to_string(i), std::to_string(3000 + i), address.c_str());
    leg.begins(0.1).rings(0.2).answered(1).ends(60, "caller").tied("a", "payload");
    for (int j = 0; j < i; ++j) leg.tied("x" + std::to_string(j), "payload");
    legs.push_back(leg);
  }
  const std::string story = told(legs);
  CHECK(story.find("3000, 3001, 3010, 3100 and 195 more ring\n") != std::string::npos);
  CHECK(story.find("3000 answered → 3001 joined →") != std::string::npos);
  CHECK(story.find("→ … (188 more) → 3097 joined → 3098 joined → 3099 joined\n") !=
        std::string::npos);
  CHECK(story.find("  A           ") != std::string::npos);
  CHECK(story.find("  GR          ") != std::string::npos);
}

// ---- one row a conversation -----------------------------------------------------------------

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
