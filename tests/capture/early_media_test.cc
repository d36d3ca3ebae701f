// Signalling: sound before the answer: 183, PRACK (RFC 3262) and UPDATE (RFC 3311).

#include "signalling_story.h"

namespace koegura::capture::test {
namespace {

const std::string kAlice = sdp("192.0.2.11", 4000);
const std::string kBob = sdp("192.0.2.12", 5000);
constexpr const char* kReliable = "Require: 100rel\r\nRSeq: 1\r\n";

// Side and endpoint of each media, in order of time.
std::string heard_at(const FinishedCall& call) {
  std::string text;
  for (const NegotiatedMedia& media : call.media) {
    text += (media.side == Side::kCaller ? "A " : "B ") + media.endpoint.to_string() + " ";
  }
  return text;
}

}  // namespace

TEST_CASE("early media begins with the first provisional response that describes it") {
  SipStory story;
  story.caller("INVITE", {.body = kAlice}).time(1).response(180, "Ringing");
  story.time(2).response(183, "Progress", {.body = kBob});
  story.time(3).response(183, "Progress", {.body = sdp("192.0.2.13", 5100)});
  story.time(9).response(200, "OK", {.body = kBob}).finish();
  CHECK(story.call().ringing == SipStory::at(1));
  CHECK(story.call().early_media == SipStory::at(2));
  CHECK(story.call().answered == SipStory::at(9));
}

TEST_CASE("ringing alone is no early media, nor is what a re-INVITE or a refusal says") {
  SipStory story;
  story.caller("INVITE", {.body = kAlice}).response(180, "Ringing").time(2);
  story.response(200, "OK", {.body = kBob});
  story.caller("INVITE", {.in_dialog = true, .body = kAlice});
  story.response(183, "Progress", {.body = kBob}).finish();
  CHECK_FALSE(story.call().early_media);
  SipStory refused;
  refused.caller("INVITE", {.body = kAlice}).response(486, "Busy Here", {.body = kBob}).finish();
  CHECK_FALSE(refused.call().early_media);
}

TEST_CASE("an announcement that is refused afterwards has its early media, and no answer") {
  SipStory story;
  story.caller("INVITE", {.body = kAlice}).time(1).response(183, "Progress", {.body = kBob});
  story.time(8).response(404, "Not Found").advance(10);
  CHECK(story.call().early_media == SipStory::at(1));
  CHECK(story.call().state == CallState::kFailed);
  CHECK(heard_at(story.call()) == "A 192.0.2.11:4000 B 192.0.2.12:5000 ");
}

TEST_CASE("a proxy's earlier copy of the 183 counts, in whatever order they are seen") {
  SipStory story;
  story.caller("INVITE", {.body = kAlice}).caller("INVITE", {.hop = 2, .body = kAlice});
  story.time(1.01).response(183, "Progress", {.body = kBob});
  story.time(1).response(183, "Progress", {.hop = 2, .body = kBob}).finish();
  CHECK(story.call().early_media == SipStory::at(1));
}

TEST_CASE("an INVITE without offer is offered in the reliable 183 and answered in the PRACK") {
  SipStory story;
  story.caller("INVITE").time(1).response(183, "Progress", {.headers = kReliable, .body = kBob});
  story.caller("PRACK", {.in_dialog = true, .headers = "RAck: 1 1 INVITE\r\n", .body = kAlice});
  story.response(200, "OK").time(5).response(200, "OK", {.cseq = 1, .method = "INVITE"}).finish();
  CHECK(heard_at(story.call()) == "B 192.0.2.12:5000 A 192.0.2.11:4000 ");
  CHECK(story.call().early_media == SipStory::at(1));
  CHECK(story.call().answered == SipStory::at(5));
  CHECK(story.call().holds.empty());
}

TEST_CASE("a PRACK may offer again, and its 200 answers") {
  SipStory story;
  story.caller("INVITE", {.body = kAlice});
  story.response(183, "Progress", {.headers = kReliable, .body = kBob}).time(1);
  story.caller("PRACK", {.in_dialog = true, .body = sdp("192.0.2.11", 4100)});
  story.response(200, "OK", {.body = sdp("192.0.2.12", 5100)}).time(5);
  story.response(200, "OK", {.cseq = 1, .method = "INVITE"}).finish();
  CHECK(heard_at(story.call()) ==
        "A 192.0.2.11:4000 B 192.0.2.12:5000 A 192.0.2.11:4100 B 192.0.2.12:5100 ");
  CHECK(story.call().answered == SipStory::at(5));
}

TEST_CASE("an UPDATE before the answer moves early media, and is neither answer nor hold") {
  SipStory story;
  story.caller("INVITE", {.body = kAlice});
  story.time(1).response(183, "Progress", {.headers = kReliable, .body = kBob});
  story.time(2).callee("UPDATE", {.body = sdp("192.0.2.14", 5200, "a=sendonly\r\n")});
  story.response(200, "OK", {.body = sdp("192.0.2.11", 4000, "a=recvonly\r\n")});
  story.caller("PRACK", {.in_dialog = true}).response(200, "OK").time(6);
  story.response(200, "OK", {.cseq = 1, .method = "INVITE"}).finish();
  CHECK(story.call().answered == SipStory::at(6));
  CHECK(story.call().holds.empty());
  CHECK(story.call().early_media == SipStory::at(1));
  REQUIRE(story.call().media.size() == 4);
  CHECK(story.call().media[2].endpoint.to_string() == "192.0.2.14:5200");
}

TEST_CASE("an UPDATE that is refused before the answer changes nothing") {
  SipStory story;
  story.caller("INVITE", {.body = kAlice}).response(183, "Progress", {.body = kBob}).time(2);
  story.caller("UPDATE", {.in_dialog = true, .body = sdp("192.0.2.11", 4000, "", "RTP/AVP 9")});
  story.time(3).response(491, "Request Pending").finish();
  REQUIRE(story.call().media.size() == 4);
  CHECK(story.call().media[2].formats[0].encoding == "G722");
  CHECK(story.call().media[3].formats[0].encoding == "PCMU");
  CHECK(story.call().media[3].since == SipStory::at(3));
}

}  // namespace koegura::capture::test
