// Signalling: who put whom on hold, and for how long (RFC 3264 §8.4).

#include "signalling_story.h"

namespace koegura::capture::test {
namespace {

constexpr const char* kSendOnly = "a=sendonly\r\n";
constexpr const char* kRecvOnly = "a=recvonly\r\n";
constexpr const char* kInactive = "a=inactive\r\n";

std::string alice(std::string_view direction) {
  return sdp("192.0.2.11", 4000, direction);
}
std::string bob(std::string_view direction) {
  return sdp("192.0.2.12", 5000, direction);
}

SipStory& talk(SipStory& story) {
  return story.caller("INVITE", {.body = alice("")}).time(1).response(200, "OK", {.body = bob("")});
}

// A re-INVITE of the caller, answered.
SipStory& caller_offers(SipStory& story, std::string_view offer, std::string_view answer) {
  story.caller("INVITE", {.in_dialog = true, .body = alice(offer)});
  return story.response(200, "OK", {.body = bob(answer)});
}
SipStory& callee_offers(SipStory& story, std::string_view offer, std::string_view answer) {
  story.callee("INVITE", {.body = bob(offer)});
  return story.response(200, "OK", {.body = alice(answer)});
}

void check_hold(const SignalledHold& hold, Side by, double from, double to) {
  CHECK(hold.by == by);
  CHECK(hold.from == SipStory::at(from));
  CHECK(hold.to == SipStory::at(to));
}

}  // namespace

TEST_CASE("sendonly holds until sendrecv, and the recvonly answer is no second hold") {
  SipStory story;
  caller_offers(talk(story).time(10), kSendOnly, kRecvOnly);
  caller_offers(story.time(20), "", "").finish();
  REQUIRE(story.call().holds.size() == 1);
  check_hold(story.call().holds[0], Side::kCaller, 10, 20);
}

TEST_CASE("inactive answered with inactive is one hold, of the side that offered it") {
  SipStory story;
  callee_offers(talk(story).time(10), kInactive, kInactive);
  caller_offers(story.time(15), kInactive, kInactive);  // the held side refreshes the session
  callee_offers(story.time(20), "", "").finish();
  REQUIRE(story.call().holds.size() == 1);
  check_hold(story.call().holds[0], Side::kCallee, 10, 20);
}

TEST_CASE("both sides may hold, each until its own resumption") {
  SipStory story;
  caller_offers(talk(story).time(10), kSendOnly, kRecvOnly);
  callee_offers(story.time(12), kSendOnly, kInactive);
  caller_offers(story.time(14), kRecvOnly, kSendOnly);
  callee_offers(story.time(16), "", "").finish();
  REQUIRE(story.call().holds.size() == 2);
  check_hold(story.call().holds[0], Side::kCaller, 10, 14);
  check_hold(story.call().holds[1], Side::kCallee, 12, 16);
}

TEST_CASE("the address 0.0.0.0 holds as sendonly does") {
  SipStory story;
  talk(story).time(10).caller("INVITE", {.in_dialog = true, .body = sdp("0.0.0.0", 4000)});
  story.response(200, "OK", {.body = bob("")}).time(18).callee("BYE").finish();
  REQUIRE(story.call().holds.size() == 1);
  check_hold(story.call().holds[0], Side::kCaller, 10, 18);
}

TEST_CASE("so do the IPv6 address :: and a host of the domain .invalid") {
  for (const std::string connection : {"IP6 ::", "IP6 anonymous.invalid", "IP4 hold.INVALID"}) {
    CAPTURE(connection);
    SipStory story;
    const std::string offer =
        "v=0\r\ns=-\r\nc=IN " + connection + "\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    talk(story).time(10).callee("INVITE", {.body = offer});
    story.response(200, "OK", {.body = alice("")}).time(15);
    callee_offers(story, "", "").finish();
    REQUIRE(story.call().holds.size() == 1);
    check_hold(story.call().holds[0], Side::kCallee, 10, 15);
    for (const auto& [leg, media] : story.announced) CHECK_FALSE(media.endpoint.port == 0);
  }
}

TEST_CASE("0.0.0.0 with inactive, as the most careful telephones say it, is one hold") {
  SipStory story;
  const std::string offer = sdp("0.0.0.0", 4000, kInactive);
  talk(story).time(10).caller("INVITE", {.in_dialog = true, .body = offer});
  story.response(200, "OK", {.body = bob(kInactive)}).time(15);
  caller_offers(story, "", "").finish();
  REQUIRE(story.call().holds.size() == 1);
  check_hold(story.call().holds[0], Side::kCaller, 10, 15);
}

TEST_CASE("recvonly is what a held side says: it neither holds nor ends the other's hold") {
  SipStory story;
  callee_offers(talk(story).time(10), kSendOnly, kRecvOnly);
  caller_offers(story.time(12), kRecvOnly, kSendOnly);  // a session refresh
  callee_offers(story.time(20), "", "").finish();
  REQUIRE(story.call().holds.size() == 1);
  check_hold(story.call().holds[0], Side::kCallee, 10, 20);
}

TEST_CASE("a direction for the whole session holds its audio") {
  SipStory story;
  const std::string offer =
      "v=0\r\ns=-\r\nc=IN IP4 192.0.2.11\r\nt=0 0\r\na=sendonly\r\nm=audio 4000 RTP/AVP 0\r\n";
  talk(story).time(10).caller("INVITE", {.in_dialog = true, .body = offer});
  story.response(200, "OK", {.body = bob(kRecvOnly)}).time(20).callee("BYE").finish();
  REQUIRE(story.call().holds.size() == 1);
  check_hold(story.call().holds[0], Side::kCaller, 10, 20);
}

TEST_CASE("music on hold from another place is that side's media, and the hold goes on") {
  SipStory story;
  talk(story).time(10).callee("INVITE", {.body = sdp("192.0.2.99", 9000, kSendOnly)});
  story.response(200, "OK", {.body = alice(kRecvOnly)}).time(20);
  callee_offers(story, "", "").finish();
  REQUIRE(story.call().holds.size() == 1);
  check_hold(story.call().holds[0], Side::kCallee, 10, 20);
  const NegotiatedMedia& music = story.call().media.at(2);
  CHECK(music.side == Side::kCallee);
  CHECK(music.endpoint.to_string() == "192.0.2.99:9000");
}

TEST_CASE("a hold that is refused holds nobody, and a resumption that is refused ends no hold") {
  SipStory story;
  talk(story).time(10).caller("INVITE", {.in_dialog = true, .body = alice(kSendOnly)});
  story.response(491, "Request Pending");
  caller_offers(story.time(12), kSendOnly, kRecvOnly);
  story.time(14).caller("INVITE", {.in_dialog = true, .body = alice("")});
  story.response(488, "Not Acceptable Here").time(20).callee("BYE").finish();
  REQUIRE(story.call().holds.size() == 1);
  check_hold(story.call().holds[0], Side::kCaller, 12, 20);
}

TEST_CASE("an offer in the 200 and its answer in the ACK can hold as well") {
  SipStory story;
  talk(story).time(10).caller("INVITE", {.in_dialog = true});
  story.response(200, "OK", {.body = bob("")});
  story.caller("ACK", {.in_dialog = true, .body = alice(kSendOnly)});
  story.time(20).finish();
  REQUIRE(story.call().holds.size() == 1);
  CHECK(story.call().holds[0].by == Side::kCaller);
}

TEST_CASE("directions of the first offer and answer are no hold") {
  SipStory story;
  story.caller("INVITE", {.body = alice(kRecvOnly)}).time(1);
  story.response(200, "OK", {.body = bob(kSendOnly)}).time(9).callee("BYE").finish();
  CHECK(story.call().holds.empty());
}

TEST_CASE("a hold seen on two hops is one hold") {
  SipStory story;
  talk(story).time(10);
  story.caller("INVITE", {.in_dialog = true, .body = alice(kSendOnly)});
  story.caller("INVITE", {.hop = 2, .in_dialog = true, .body = alice(kSendOnly)});
  story.response(200, "OK", {.hop = 2, .body = bob(kRecvOnly)});
  story.response(200, "OK", {.body = bob(kRecvOnly)}).time(20).finish();
  REQUIRE(story.call().holds.size() == 1);
  CHECK(story.call().holds[0].from == SipStory::at(10));
}

TEST_CASE("an UPDATE holds like a re-INVITE") {
  SipStory story;
  talk(story).time(10).callee("UPDATE", {.body = bob(kSendOnly)});
  story.response(200, "OK", {.body = alice(kRecvOnly)}).time(13).callee("BYE").finish();
  REQUIRE(story.call().holds.size() == 1);
  check_hold(story.call().holds[0], Side::kCallee, 10, 13);
}

}  // namespace koegura::capture::test
