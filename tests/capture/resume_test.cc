// Signalling: legs that go on after the recorder was away.

#include "signalling_story.h"

namespace koegura::capture::test {
namespace {

constexpr double kHour = 3600;
constexpr const char* kNotHeardAgain = "not heard again after an outage of the recorder";

SipStory& talk(SipStory& story, const std::string& headers = "") {
  return story.caller("INVITE", {.body = sdp("192.0.2.11", 4000)})
      .time(1)
      .response(200, "OK", {.headers = headers, .body = sdp("192.0.2.12", 5000)});
}

void check_not_heard_again(const FinishedCall& call, double end) {
  CHECK(call.state == CallState::kInterrupted);
  CHECK(call.end == SipStory::at(end));
  CHECK(call.release.reason == kNotHeardAgain);
  CHECK(call.release.by == ReleasedBy::kRecorder);
}

TEST_CASE("a talk that is heard again after an outage ends as if nothing had been") {
  SipStory story;
  talk(story).media_heard(60).resume(61, kHour);
  story.advance(kHour + 1).media_heard(kHour + 100).advance(kHour + 200);
  CHECK(story.finished.empty());
  CHECK(story.released.empty());
  story.callee("BYE").advance(kHour + 202);
  CHECK(story.call().state == CallState::kAnswered);
  CHECK(story.call().end == SipStory::at(kHour + 200));
  CHECK(story.call().release.by == ReleasedBy::kCallee);
}

TEST_CASE("SIP alone shows that a talk goes on") {
  SipStory story;
  talk(story).media_heard(60).resume(61, kHour).time(kHour + 100).callee("OPTIONS");
  story.advance(kHour + 219);
  CHECK(story.finished.empty());
  story.advance(kHour + 221);
  CHECK(story.call().state == CallState::kAnswered);
  CHECK(story.call().release.reason == "media silence");
  CHECK(story.call().end == SipStory::at(kHour + 100));
}

TEST_CASE("a talk that is not heard again is given as long as ever, and ended before the outage") {
  SipStory story;
  talk(story).media_heard(60).resume(61, kHour).advance(kHour + 119);
  CHECK(story.finished.empty());
  story.advance(kHour + 121);
  check_not_heard_again(story.call(), 60);
  REQUIRE(story.released.size() == 1);
  CHECK(story.released[0].second == SipStory::at(60));
}

TEST_CASE("silence that was over before the outage had ended the talk already") {
  SipStory story;
  talk(story).media_heard(60).resume(200, kHour);
  CHECK(story.call().state == CallState::kAnswered);
  CHECK(story.call().release.reason == "media silence");
  CHECK(story.call().end == SipStory::at(60));
}

TEST_CASE("a call that rings through an outage may yet be answered") {
  SipStory story;
  story.caller("INVITE").time(2).response(180, "Ringing").resume(3, kHour);
  story.time(kHour + 5).response(200, "OK").time(kHour + 20).callee("BYE").advance(kHour + 22);
  CHECK(story.call().state == CallState::kAnswered);
  CHECK(story.call().answered == SipStory::at(kHour + 5));
}

TEST_CASE("a call that rang before an outage and is not heard again ends there") {
  SipStory story;
  story.caller("INVITE").time(2).response(180, "Ringing").resume(3, kHour).advance(kHour + 299);
  CHECK(story.finished.empty());
  story.advance(kHour + 301);
  check_not_heard_again(story.call(), 2);
}

TEST_CASE("a cancelled call is cancelled, whether its 487 came during the outage or comes after") {
  for (const bool late : {false, true}) {
    CAPTURE(late);
    SipStory story;
    story.caller("INVITE").time(5).caller("CANCEL").resume(5, kHour).advance(kHour + 31);
    CHECK(story.finished.empty());
    if (late) story.response(487, "Request Terminated", {.method = "INVITE"});
    story.advance(kHour + 50);
    CHECK(story.call().state == CallState::kCancelled);
    CHECK(story.call().end == SipStory::at(late ? kHour + 31 : 5));
  }
}

TEST_CASE("a released leg that lingers finishes") {
  SipStory story;
  talk(story).time(10).callee("BYE").resume(10.5, kHour);
  CHECK(story.finished.empty());
  story.advance(kHour);
  CHECK(story.call().state == CallState::kAnswered);
  CHECK(story.call().end == SipStory::at(10));
}

TEST_CASE(
    "a session timer that ran out during the outage runs anew, as its refresh went by unheard") {
  SipStory story;
  const std::string expires = "Session-Expires: 1800\r\n";
  talk(story, expires).resume(100, kHour).time(kHour + 700).caller("UPDATE", {.in_dialog = true});
  story.response(200, "OK", {.headers = expires}).advance(kHour + 2531);
  CHECK(story.finished.empty());
  story.advance(kHour + 2533);
  CHECK(story.call().state == CallState::kAnswered);
  CHECK(story.call().release.reason == "session expired");
}

TEST_CASE("a call whose media was never heard waits for hours after the outage, too") {
  SipStory story;
  talk(story).resume(3 * kHour, 9 * kHour).advance(12.9 * kHour);
  CHECK(story.finished.empty());
  story.advance(13.1 * kHour);
  check_not_heard_again(story.call(), 1);
}

TEST_CASE("two outages in one call") {
  SipStory story;
  talk(story).media_heard(60).resume(61, 1000).advance(1060).resume(1061, 2000).advance(2119);
  CHECK(story.finished.empty());
  story.media_heard(2119.5).advance(2200).callee("BYE").advance(2202);
  CHECK(story.call().state == CallState::kAnswered);
}

TEST_CASE("a clock that was set back during the outage does not keep a lost call for ever") {
  SipStory story;
  talk(story).time(kHour).callee("OPTIONS").media_heard(kHour);
  story.resume(kHour + 1, 100).advance(100).advance(219);
  CHECK(story.finished.empty());
  story.advance(221);
  check_not_heard_again(story.call(), kHour);
}

TEST_CASE("legs of before and after the outage are each their own") {
  SipStory story;
  talk(story).media_heard(60).resume(61, kHour).time(kHour + 1);
  story.caller("INVITE", {.call_id = "new", .caller_tag = "new"});
  story.response(486, "Busy Here", {.call_id = "new", .caller_tag = "new"}).advance(kHour + 10);
  CHECK(story.call().state == CallState::kBusy);
  story.advance(kHour + 130);
  REQUIRE(story.finished.size() == 2);
  check_not_heard_again(story.finished[1], 60);
}

TEST_CASE("an input that ends after an outage interrupts what was not heard again") {
  SipStory story;
  talk(story).media_heard(60).resume(61, kHour).advance(kHour + 5).finish();
  CHECK(story.call().state == CallState::kInterrupted);
  CHECK(story.call().end == SipStory::at(60));
}

}  // namespace
}  // namespace koegura::capture::test
