// Signalling: which media is announced, and when, as offers and answers go (RFC 3264).

#include "signalling_story.h"

namespace koegura::capture::test {
namespace {

const std::string kAliceMedia = sdp("192.0.2.11", 4000);
const std::string kBobMedia = sdp("192.0.2.12", 5000);

// INVITE at 0 s, 180 at 1 s, 200 at 3 s, ACK.
SipStory& answered_call(SipStory& story) {
  return story.caller("INVITE", {.body = kAliceMedia})
      .time(1)
      .response(180, "Ringing")
      .time(3)
      .response(200, "OK", {.body = kBobMedia})
      .caller("ACK", {.in_dialog = true});
}

}  // namespace

TEST_CASE("media is announced where each side wants to receive it, from its description on") {
  SipStory story;
  answered_call(story);
  REQUIRE(story.announced.size() == 2);
  const NegotiatedMedia& offer = story.announced[0].second;
  CHECK(offer.side == Side::kCaller);
  CHECK(offer.since == SipStory::at(0));
  CHECK(offer.endpoint.to_string() == "192.0.2.11:4000");
  CHECK(offer.rtcp.to_string() == "192.0.2.11:4001");
  REQUIRE(offer.formats.size() == 2);
  CHECK(offer.formats[1].encoding == "PCMA");
  const NegotiatedMedia& answer = story.announced[1].second;
  CHECK(answer.side == Side::kCallee);
  CHECK(answer.since == SipStory::at(3));
  CHECK(answer.endpoint.to_string() == "192.0.2.12:5000");
  story.finish();
  CHECK(story.call().media.size() == 2);
}

TEST_CASE("a late offer stands in the 200 and its answer in the ACK") {
  SipStory story;
  story.caller("INVITE")
      .response(200, "OK", {.body = kBobMedia})
      .caller("ACK", {.in_dialog = true, .body = kAliceMedia});
  REQUIRE(story.announced.size() == 2);
  CHECK(story.announced[0].second.side == Side::kCallee);
  CHECK(story.announced[1].second.side == Side::kCaller);
}

TEST_CASE("a proxy that rewrites the description adds an endpoint to the same side") {
  SipStory story;
  story.caller("INVITE", {.body = kAliceMedia})
      .caller("INVITE", {.hop = 2, .body = sdp("192.0.2.5", 6000)})
      .finish();
  REQUIRE(story.call().media.size() == 2);
  CHECK(story.call().media[0].side == Side::kCaller);
  CHECK(story.call().media[1].side == Side::kCaller);
  CHECK(story.call().media[1].endpoint.to_string() == "192.0.2.5:6000");
}

TEST_CASE("a redirected INVITE brings the leg back and its media is announced again") {
  SipStory story;
  story.caller("INVITE", {.body = kAliceMedia}).response(302, "Moved").time(0.5);
  CHECK(story.released.size() == 1);
  story.caller("INVITE", {.body = kAliceMedia}).time(2).response(200, "OK").time(9);
  CHECK(story.announced.size() == 2);
  story.caller("BYE", {.in_dialog = true}).advance(11);
  CHECK(story.released.size() == 2);
  CHECK(story.call().state == CallState::kAnswered);
  CHECK(story.call().start == SipStory::at(0));
}

TEST_CASE("a 2xx that follows a refusal wins, and all media is announced again") {
  SipStory story;
  story.caller("INVITE", {.body = kAliceMedia}).response(486, "Busy Here").time(0.5);
  story.response(200, "OK", {.body = kBobMedia}).time(9);
  REQUIRE(story.announced.size() == 3);
  CHECK(story.announced[1].second.side == Side::kCaller);
  CHECK(story.announced[2].second.side == Side::kCallee);
  story.callee("BYE").finish();
  CHECK(story.call().state == CallState::kAnswered);
  CHECK(story.call().media.size() == 2);
}

TEST_CASE("a 183 with another description is no retransmission") {
  SipStory story;
  story.caller("INVITE").response(183, "Progress", {.body = kBobMedia});
  story.response(183, "Progress", {.body = sdp("192.0.2.13", 7000)});
  CHECK(story.stats().retransmissions == 0);
  CHECK(story.announced.size() == 2);
}

TEST_CASE("a re-INVITE of the callee with the CSeq of the first INVITE is the same leg") {
  SipStory story;
  answered_call(story).time(5).callee("INVITE", {.cseq = 1, .body = sdp("192.0.2.12", 5002)});
  story.response(200, "OK", {.body = kAliceMedia}).finish();
  CHECK(story.stats().legs == 1);
  CHECK(story.call().answered == SipStory::at(3));
  REQUIRE(story.call().media.size() == 3);
  CHECK(story.call().media[2].side == Side::kCallee);
  CHECK(story.call().media[2].endpoint.port == 5002);
}

TEST_CASE(
    "a re-INVITE that moves the media, changes the codec and the payload type is told as such") {
  SipStory story;
  answered_call(story).time(5).caller(
      "INVITE", {.in_dialog = true,
                 .body = sdp("192.0.2.21", 4400, "a=rtpmap:107 opus/48000/2\r\n", "RTP/AVP 107")});
  story.time(5.1).response(
      200, "OK", {.body = sdp("192.0.2.12", 5000, "a=rtpmap:96 opus/48000/2\r\n", "RTP/AVP 96")});
  story.finish();
  REQUIRE(story.call().media.size() == 4);
  const NegotiatedMedia& moved = story.call().media[2];
  CHECK(moved.since == SipStory::at(5));
  CHECK(moved.endpoint.to_string() == "192.0.2.21:4400");
  REQUIRE(moved.formats.size() == 1);
  CHECK(moved.formats[0].payload_type == 107);
  CHECK(moved.formats[0].encoding == "opus");
  const NegotiatedMedia& answer = story.call().media[3];
  CHECK(answer.endpoint.to_string() == "192.0.2.12:5000");
  CHECK(answer.formats[0].payload_type == 96);
  CHECK(story.call().holds.empty());
}

TEST_CASE("a refused re-INVITE does not undo the UPDATE that went through meanwhile") {
  SipStory story;
  answered_call(story).time(5);
  story.caller("INVITE", {.in_dialog = true, .body = sdp("192.0.2.11", 4000, "", "RTP/AVP 9")});
  story.time(6).callee("UPDATE", {.body = sdp("192.0.2.12", 5000, "", "RTP/AVP 8")});
  story.response(200, "OK", {.body = sdp("192.0.2.11", 4000, "", "RTP/AVP 8")});
  story.time(7).caller("INFO", {.in_dialog = true});
  story.response(488, "Not Acceptable Here", {.cseq = 2, .method = "INVITE"}).finish();
  CHECK(story.call().state == CallState::kInterrupted);
  CHECK(story.call().media.back().since == SipStory::at(6));
  CHECK(story.call().media.back().formats[0].encoding == "PCMA");
}

TEST_CASE("a description that cannot be read is counted and the call goes on without it") {
  SipStory story;
  story.caller("INVITE", {.body = "m=audio none RTP/AVP 0\r\n"}).response(200, "OK");
  story.time(5).caller("BYE", {.in_dialog = true}).finish();
  CHECK(story.stats().unreadable_descriptions == 1);
  CHECK(story.call().state == CallState::kAnswered);
  CHECK(story.call().media.empty());
}

TEST_CASE("media that changes without end is kept up to a bound") {
  SipStory story;
  answered_call(story);
  for (int port = 10000; port < 11000; port += 2) {
    story.caller("UPDATE", {.in_dialog = true, .body = sdp("192.0.2.11", port)});
  }
  story.finish();
  CHECK(story.call().media.size() == 256);
}

TEST_CASE("a refused re-INVITE is as if it had never been: the call, its formats and no hold") {
  SipStory story;
  answered_call(story).time(5);
  story.caller("INVITE",
               {.in_dialog = true, .body = sdp("192.0.2.11", 4000, "a=sendonly\r\n", "RTP/AVP 9")});
  story.time(6).response(488, "Not Acceptable Here").time(20).callee("BYE").finish();
  CHECK(story.call().state == CallState::kAnswered);
  CHECK(story.call().holds.empty());
  REQUIRE(story.call().media.size() == 4);
  CHECK(story.call().media[2].formats[0].encoding == "G722");
  CHECK(story.call().media[3].since == SipStory::at(6));
  CHECK(story.call().media[3].formats[0].encoding == "PCMU");
}

TEST_CASE("a refused switch to T.38 leaves the audio") {
  SipStory story;
  answered_call(story).time(5);
  story.callee("INVITE", {.body = "v=0\r\nc=IN IP4 192.0.2.12\r\nm=image 5000 udptl t38\r\n"});
  story.time(6).response(488, "Not Acceptable Here").finish();
  REQUIRE(story.call().media.size() == 4);
  CHECK(story.call().media[2].kind == MediaKind::kImage);
  CHECK(story.call().media[3].kind == MediaKind::kAudio);
}

TEST_CASE("refused media and the address 0.0.0.0 are no place to listen") {
  SipStory story;
  answered_call(story).time(5);
  story.caller("INVITE", {.in_dialog = true, .body = sdp("0.0.0.0", 4000)});
  story.response(200, "OK", {.body = sdp("192.0.2.12", 0)});
  CHECK(story.announced.size() == 2);
}

}  // namespace koegura::capture::test
