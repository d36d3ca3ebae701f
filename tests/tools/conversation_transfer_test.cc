#include <doctest/doctest.h>

#include "conversation.h"
#include "conversation_connections.h"
#include "leg_builder.h"

namespace koegura::tools {
namespace {

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

TEST_CASE(
    "a conversation's row has the number called and who answered last, through the transfer") {
  const ConversationRow transferred = row_of(Conversation(attended(true)));
  CHECK(transferred.caller().number() == kCitizen);
  CHECK(transferred.callee().number() == kCityHall);
  CHECK(transferred.answered_by().number() == "2305");
  CHECK(transferred.state() == "answered");
  CHECK(transferred.talk_s() == doctest::Approx(115));
  CHECK(transferred.duration_s() == doctest::Approx(120.1));
  CHECK(transferred.legs_size() == 4);
}
}  // namespace
}  // namespace koegura::tools
