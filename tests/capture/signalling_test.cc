// Signalling: calls as SIP tells them, from INVITE to release.

#include "capture/signalling.h"

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

TEST_CASE("a call from INVITE to BYE has its parties, its times and who hung up") {
  SipStory story;
  answered_call(story).time(10).callee("BYE").response(200, "OK").advance(12);
  const FinishedCall& call = story.call();
  CHECK(call.call_id == "call");
  CHECK(call.from_tag == "alice");
  CHECK(call.state == CallState::kAnswered);
  CHECK(call.caller.user == "2301");
  CHECK(call.caller.display_name == "Alice");
  CHECK(call.caller.uri == "sip:2301@pbx.example");
  CHECK(call.callee.user == "2302");
  CHECK(call.answered_by.user == "2302");
  CHECK(call.start == SipStory::at(0));
  CHECK(call.ringing == SipStory::at(1));
  CHECK(call.answered == SipStory::at(3));
  CHECK(call.end == SipStory::at(10));
  CHECK(call.release.code == 200);
  CHECK(call.release.by == ReleasedBy::kCallee);
  CHECK(story.released.size() == 1);
}

TEST_CASE("every message of the leg gives its id, also behind the BYE while it lingers") {
  SipStory story;
  answered_call(story);
  const LegId leg = story.last_leg.value();
  story.caller("INFO", {.in_dialog = true});
  CHECK(story.last_leg == leg);
  story.callee("OPTIONS");
  CHECK(story.last_leg == leg);
  story.time(10).caller("BYE", {.in_dialog = true}).time(10.5).response(200, "OK");
  CHECK(story.last_leg == leg);
  story.advance(11.4);  // a second after the last message, not after the BYE
  CHECK(story.finished.empty());
  story.advance(11.6);
  CHECK(story.finished.size() == 1);
}

TEST_CASE("the INVITE seen on both sides of a proxy is one leg") {
  SipStory story;
  story.caller("INVITE", {.body = kAliceMedia})
      .caller("INVITE", {.hop = 2, .body = kAliceMedia})
      .time(1)
      .response(180, "Ringing", {.hop = 2})
      .time(1.1)
      .response(180, "Ringing")
      .time(2)
      .response(200, "OK", {.hop = 2, .body = kBobMedia})
      .time(2.1)
      .response(200, "OK", {.body = kBobMedia})
      .time(5)
      .caller("BYE", {.in_dialog = true})
      .caller("BYE", {.hop = 2, .in_dialog = true})
      .finish();
  CHECK(story.stats().legs == 1);
  CHECK(story.call().ringing == SipStory::at(1));
  CHECK(story.call().answered == SipStory::at(2));
  CHECK(story.call().end == SipStory::at(5));
  CHECK(story.call().media.size() == 2);
}

TEST_CASE("a challenged INVITE and the one with credentials are one leg, however long it takes") {
  for (const int status : {401, 407}) {
    SipStory story;
    story.caller("INVITE").response(status, "Unauthorized").caller("ACK").advance(60);
    CHECK(story.finished.empty());
    story.caller("INVITE", {.body = kAliceMedia}).time(61).response(200, "OK").time(70);
    story.caller("BYE", {.in_dialog = true}).finish();
    CHECK(story.call().start == SipStory::at(0));
    CHECK(story.call().answered == SipStory::at(61));
    CHECK(story.call().state == CallState::kAnswered);
  }
}

TEST_CASE("a challenge that nobody takes up is a failed call that ended with the challenge") {
  SipStory story;
  story.caller("INVITE").time(1).response(401, "Unauthorized").advance(302);
  CHECK(story.call().state == CallState::kFailed);
  CHECK(story.call().release.code == 401);
  CHECK(story.call().end == SipStory::at(1));
}

TEST_CASE("the final response tells how an unanswered call ended") {
  struct Row {
    int status;
    CallState state;
  };
  constexpr Row kRows[] = {
      {486, CallState::kBusy},   {600, CallState::kBusy},   {408, CallState::kMissed},
      {480, CallState::kMissed}, {487, CallState::kMissed}, {603, CallState::kMissed},
      {404, CallState::kFailed}, {503, CallState::kFailed}, {302, CallState::kFailed},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.status);
    SipStory story;
    story.caller("INVITE").time(4).response(row.status, "Because").advance(6);
    CHECK(story.call().state == row.state);
    CHECK(story.call().release.code == row.status);
    CHECK(story.call().release.reason == "Because");
    CHECK(story.call().release.by == ReleasedBy::kCallee);
    CHECK(story.call().end == SipStory::at(4));
    CHECK_FALSE(story.call().answered);
    CHECK(story.call().answered_by.uri.empty());
  }
}

TEST_CASE("a cancelled call ends with its final response, by the caller") {
  SipStory story;
  story.caller("INVITE").response(180, "Ringing").time(8).caller("CANCEL").response(200, "OK");
  story.time(9).response(487, "Request Terminated", {.method = "INVITE"}).advance(11);
  CHECK(story.call().state == CallState::kCancelled);
  CHECK(story.call().release.code == 487);
  CHECK(story.call().release.by == ReleasedBy::kCaller);
  CHECK(story.call().end == SipStory::at(9));
}

TEST_CASE("a CANCEL whose final response is not seen ends the call after a while, at the CANCEL") {
  SipStory story;
  story.caller("INVITE").time(8).caller(
      "CANCEL", {.headers = "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n"});
  story.advance(39);
  CHECK(story.finished.empty());
  story.advance(41);
  CHECK(story.call().state == CallState::kCancelled);
  CHECK(story.call().end == SipStory::at(8));
  CHECK(story.call().release.code == 0);
  CHECK(story.call().release.reason == "Call completed elsewhere");
}

TEST_CASE("a CANCEL that crosses the answer does not undo it") {
  SipStory story;
  story.caller("INVITE").time(8).caller("CANCEL").response(200, "OK").time(8.1);
  story.response(200, "OK", {.method = "INVITE"});
  story.time(20).caller("BYE", {.in_dialog = true}).advance(22);
  CHECK(story.call().state == CallState::kAnswered);
  CHECK(story.call().answered == SipStory::at(8.1));
  CHECK(story.call().end == SipStory::at(20));
}

TEST_CASE("a proxy that gives up one target and tries the next has not ended the call") {
  SipStory story;
  story.caller("INVITE")
      .caller("INVITE", {.hop = 2, .branch = "first"})
      .time(10)
      .caller("CANCEL", {.hop = 2, .branch = "first"})
      .response(487, "Request Terminated", {.hop = 2, .branch = "first", .method = "INVITE"})
      .advance(20);
  CHECK(story.finished.empty());
  story.caller("INVITE", {.cseq = 1, .hop = 2, .branch = "second"})
      .response(200, "OK", {.hop = 2, .branch = "second"})
      .time(30)
      .callee("BYE")
      .finish();
  CHECK(story.stats().legs == 1);
  CHECK(story.call().state == CallState::kAnswered);
  CHECK(story.call().answered == SipStory::at(20));
}

TEST_CASE("the refusal on the caller's own hop ends the call, whatever other hops still wait for") {
  SipStory story;
  story.caller("INVITE").caller("INVITE", {.hop = 2, .branch = "first"}).time(5);
  story.response(480, "Gone").advance(7);
  CHECK(story.call().state == CallState::kMissed);
}

TEST_CASE("BYE from both sides at once: the first one ended the call") {
  SipStory story;
  answered_call(story).time(10).callee("BYE").time(10.02).caller("BYE", {.in_dialog = true});
  story.advance(12);
  CHECK(story.call().release.by == ReleasedBy::kCallee);
  CHECK(story.call().end == SipStory::at(10));
}

TEST_CASE("a BYE tells its reason") {
  SipStory story;
  answered_call(story).time(10).callee(
      "BYE", {.headers = "Reason: Q.850;cause=16;text=\"Normal \\\"clearing\\\"\"\r\n"});
  story.finish();
  CHECK(story.call().release.reason == "Normal \"clearing\"");
}

TEST_CASE("a caller's BYE before any answer is a cancelled call") {
  SipStory story;
  story.caller("INVITE").response(183, "Progress").time(4).caller("BYE", {.in_dialog = true});
  story.finish();
  CHECK(story.call().state == CallState::kCancelled);
  CHECK(story.call().ringing == SipStory::at(0));
}

TEST_CASE("of two answers to a fork, the one hung up at once is not the end of the other") {
  SipStory story;
  story.caller("INVITE")
      .response(200, "OK", {.callee_tag = "bob"})
      .response(200, "OK", {.callee_tag = "carol"})
      .time(1)
      .caller("BYE", {.callee_tag = "carol", .in_dialog = true})
      .advance(30);
  CHECK(story.finished.empty());
  story.callee("BYE", {.callee_tag = "bob"}).finish();
  CHECK(story.call().end == SipStory::at(30));
}

TEST_CASE("a BYE for a dialog that was never confirmed does not end an answered call") {
  SipStory story;
  answered_call(story).time(5).caller("BYE", {.callee_tag = "nobody", .in_dialog = true});
  story.advance(20);
  CHECK(story.finished.empty());
}

TEST_CASE("retransmissions are counted and change nothing") {
  SipStory story;
  story.caller("INVITE", {.body = kAliceMedia});
  story.time(0.5).caller("INVITE", {.cseq = 1, .body = kAliceMedia});
  CHECK(story.stats().retransmissions == 1);
  CHECK(story.announced.size() == 1);
  story.response(200, "OK", {.body = kBobMedia}).time(1);
  story.response(200, "OK", {.body = kBobMedia}).finish();
  CHECK(story.stats().retransmissions == 2);
  CHECK(story.call().start == SipStory::at(0));
  CHECK(story.call().answered == SipStory::at(0.5));
}

TEST_CASE("another From tag under the same Call-ID is another leg") {
  SipStory story;
  story.caller("INVITE").caller("INVITE", {.cseq = 1, .branch = "x", .caller_tag = "carol"});
  CHECK(story.stats().legs == 2);
}

TEST_CASE("digits in INFO are kept once, whatever hop or retransmission repeats them") {
  SipStory story;
  answered_call(story).time(4);
  const Said relay{
      .in_dialog = true, .body = "Signal= 5\r\nDuration=160\r\n", .type = "application/dtmf-relay"};
  Said second_hop = relay;
  second_hop.hop = 2;
  story.caller("INFO", relay).caller("INFO", second_hop);
  story.time(5).caller("INFO", {.in_dialog = true, .body = "11", .type = "application/dtmf-relay"});
  story.time(6).callee("INFO", {.body = "d", .type = "application/dtmf"}).finish();
  REQUIRE(story.call().digits.size() == 2);
  CHECK(story.call().digits[0].digit == '5');
  CHECK(story.call().digits[0].at == SipStory::at(4));
  CHECK(story.call().digits[0].side == Side::kCaller);
  CHECK(story.call().digits[1].digit == 'D');
  CHECK(story.call().digits[1].side == Side::kCallee);
}

TEST_CASE("legs under one Call-ID are bounded") {
  SipStory story;
  for (int i = 0; i < 1000; ++i) {
    story.caller("INVITE", {.caller_tag = "tag" + std::to_string(i)});
  }
  CHECK(story.stats().legs == 16);
  CHECK(story.stats().outside_legs == 984);
}

TEST_CASE("an INVITE without tags, as RFC 2543 had it, and its answer make one leg") {
  SipStory story;
  const Said untagged{.branch = "x", .caller_tag = "", .callee_tag = ""};
  story.caller("INVITE", untagged).response(200, "OK", untagged).time(5);
  story.caller("BYE", untagged).advance(7);
  CHECK(story.call().state == CallState::kAnswered);
  CHECK(story.call().end == SipStory::at(5));
}

}  // namespace koegura::capture::test
