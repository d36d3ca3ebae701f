// Signalling: captures that start in the middle, and messages that belong to no leg.

#include "signalling_story.h"

namespace koegura::capture::test {
namespace {

const std::string kAliceMedia = sdp("192.0.2.11", 4000);
const std::string kBobMedia = sdp("192.0.2.12", 5000);

}  // namespace

TEST_CASE("a BYE for an unknown dialog and its 200 are counted, not fatal") {
  SipStory story;
  story.callee("BYE").response(200, "OK").finish();
  CHECK(story.finished.empty());
  CHECK(story.stats().outside_legs == 2);
  CHECK_FALSE(story.last_leg);
}

TEST_CASE("what is no INVITE's is outside of any leg") {
  SipStory story;
  story.caller("REGISTER").response(200, "OK").caller("OPTIONS").caller("SUBSCRIBE");
  story.caller("MESSAGE", {.body = "hello", .type = "text/plain"}).response(202, "Accepted");
  story.caller("PUBLISH").callee("NOTIFY").caller("REFER").finish();
  CHECK(story.finished.empty());
  CHECK(story.stats().messages == 9);
  CHECK(story.stats().outside_legs == 9);
}

TEST_CASE("a MESSAGE within a dialog is its leg's") {
  SipStory story;
  story.caller("INVITE").response(200, "OK");
  const auto leg = story.last_leg;
  story.caller("MESSAGE", {.in_dialog = true, .body = "hello", .type = "text/plain"});
  CHECK(story.last_leg == leg);
}

TEST_CASE("a re-INVITE with a description begins an interrupted leg, and its BYE ends it") {
  SipStory story;
  story.time(5).callee("INVITE", {.body = kBobMedia}).response(200, "OK", {.body = kAliceMedia});
  CHECK(story.announced.size() == 2);
  story.time(9).callee("BYE").advance(11);
  const FinishedCall& call = story.call();
  CHECK(call.state == CallState::kInterrupted);
  CHECK(call.start == SipStory::at(5));
  CHECK(call.end == SipStory::at(9));
  CHECK(call.release.code == 200);
  // Nobody knows who called whom: who is seen asking first stands for the caller.
  CHECK(call.release.by == ReleasedBy::kCaller);
  CHECK(call.from_tag == "bob");
}

TEST_CASE("in-dialog requests without a description begin nothing") {
  SipStory story;
  story.callee("INVITE").caller("ACK", {.in_dialog = true}).callee("UPDATE").callee("INFO");
  CHECK(story.stats().legs == 0);
}

TEST_CASE("where the mirror shows the caller's direction only, the ACK of a 2xx tells the answer") {
  SipStory story;
  story.caller("INVITE", {.body = kAliceMedia}).time(4);
  story.caller("ACK", {.branch = "z9hG4bKnew", .in_dialog = true}).time(9);
  story.caller("BYE", {.in_dialog = true}).finish();
  CHECK(story.call().state == CallState::kAnswered);
  CHECK(story.call().answered == SipStory::at(4));
  CHECK(story.call().end == SipStory::at(9));
}

TEST_CASE("the ACK of a failure is of the INVITE's own branch, and answers nothing") {
  SipStory story;
  story.caller("INVITE", {.branch = "z9hG4bKone", .body = kAliceMedia}).time(4);
  story.caller("ACK", {.branch = "z9hG4bKone", .in_dialog = true}).finish();
  CHECK(story.call().state == CallState::kInterrupted);
  CHECK_FALSE(story.call().answered);
}

TEST_CASE("the 200 to an unseen INVITE begins an interrupted leg that was answered") {
  SipStory story;
  story.time(3).response(200, "OK", {.cseq = 1, .method = "INVITE", .body = kBobMedia});
  story.caller("ACK", {.in_dialog = true, .body = kAliceMedia}).finish();
  CHECK(story.call().state == CallState::kInterrupted);
  CHECK(story.call().answered == SipStory::at(3));
  CHECK(story.call().caller.user == "2301");
  CHECK(story.call().callee.user == "2302");
  REQUIRE(story.call().media.size() == 2);
  CHECK(story.call().media[0].side == Side::kCallee);
  CHECK(story.call().media[1].side == Side::kCaller);
}

TEST_CASE("the failure of an unseen INVITE is an interrupted leg with its code") {
  SipStory story;
  story.response(486, "Busy Here", {.cseq = 1, .method = "INVITE"}).finish();
  CHECK(story.call().state == CallState::kInterrupted);
  CHECK(story.call().release.code == 486);
}

TEST_CASE("a provisional response that overtakes its INVITE does not cost the call its beginning") {
  SipStory story;
  story.time(1).response(100, "Trying", {.cseq = 1, .method = "INVITE"});
  story.time(0.9).caller("INVITE",
                         {.cseq = 1, .headers = "P-Asserted-Identity: <tel:+81312345678>\r\n"});
  story.time(4).response(200, "OK").time(9).callee("BYE").advance(11);
  CHECK(story.call().state == CallState::kAnswered);
  CHECK(story.call().start == SipStory::at(0.9));
  CHECK(story.call().caller.user == "+81312345678");
}

TEST_CASE("a response sent again after the leg has finished begins no new leg") {
  SipStory story;
  story.caller("INVITE").response(486, "Busy Here").advance(3);
  CHECK(story.finished.size() == 1);
  story.time(4).response(486, "Busy Here").time(5).caller("ACK");
  CHECK(story.stats().legs == 1);
  CHECK(story.stats().outside_legs == 2);
}

TEST_CASE("a new INVITE with the identifiers of a finished leg calls again") {
  SipStory story;
  story.caller("INVITE").response(486, "Busy Here").advance(3);
  story.caller("INVITE").response(200, "OK").finish();
  CHECK(story.stats().legs == 2);
  REQUIRE(story.finished.size() == 2);
  CHECK(story.finished[1].start == SipStory::at(3));
}

TEST_CASE("frames out of order of time give the earliest ringing and answer") {
  SipStory story;
  story.caller("INVITE").caller("INVITE", {.hop = 2});
  story.time(1.001).response(180, "Ringing").time(1).response(180, "Ringing", {.hop = 2});
  story.time(2.001).response(200, "OK").time(2).response(200, "OK", {.hop = 2}).finish();
  CHECK(story.call().ringing == SipStory::at(1));
  CHECK(story.call().answered == SipStory::at(2));
}

}  // namespace koegura::capture::test
