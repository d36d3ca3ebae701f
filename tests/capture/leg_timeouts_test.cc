// Signalling: legs that end without a word, on the capture's clock.

#include "signalling_story.h"

namespace koegura::capture::test {
namespace {

constexpr double kHour = 3600;

SipStory& talk(SipStory& story, const std::string& headers = "") {
  return story.caller("INVITE", {.body = sdp("192.0.2.11", 4000)})
      .time(1)
      .response(200, "OK", {.headers = headers, .body = sdp("192.0.2.12", 5000)});
}

}  // namespace

TEST_CASE("an INVITE without any final response is given up, and the leg was interrupted") {
  SipStory story;
  story.caller("INVITE").time(2).response(180, "Ringing").advance(301);
  CHECK(story.finished.empty());
  story.advance(303);
  CHECK(story.call().state == CallState::kInterrupted);
  CHECK(story.call().end == SipStory::at(2));
  CHECK(story.call().release.by == ReleasedBy::kRecorder);
  CHECK(story.call().release.reason == "no final response");
  CHECK(story.released.size() == 1);
}

TEST_CASE("early media keeps a ringing leg alive") {
  SipStory story;
  story.caller("INVITE").response(183, "Progress").media_heard(280).advance(500);
  CHECK(story.finished.empty());
  story.advance(581);
  CHECK(story.call().end == SipStory::at(280));
}

TEST_CASE("a talk that falls silent without BYE ends as answered, with the last packet") {
  SipStory story;
  talk(story).media_heard(50).media_heard(60).advance(179);
  CHECK(story.finished.empty());
  story.advance(181);
  CHECK(story.call().state == CallState::kAnswered);
  CHECK(story.call().end == SipStory::at(60));
  CHECK(story.call().release.reason == "media silence");
  CHECK(story.call().release.by == ReleasedBy::kRecorder);
}

TEST_CASE("SIP within the dialog keeps a talk alive like RTP") {
  SipStory story;
  talk(story).media_heard(50).time(100).callee("OPTIONS").advance(219);
  CHECK(story.finished.empty());
  story.advance(221);
  CHECK(story.call().end == SipStory::at(100));
}

TEST_CASE("a call whose media is never heard is not cut for silence") {
  SipStory story;
  talk(story).advance(3.9 * kHour);
  CHECK(story.finished.empty());
  story.callee("BYE").finish();
  CHECK(story.call().end == SipStory::at(3.9 * kHour));
}

TEST_CASE("a call that nothing is heard of any more ends after hours") {
  SipStory story;
  talk(story).advance(4.1 * kHour);
  CHECK(story.call().state == CallState::kAnswered);
  CHECK(story.call().end == SipStory::at(1));
  CHECK(story.call().release.reason == "no signalling");
}

TEST_CASE("a session timer that runs out ends a call whose media is not heard") {
  SipStory story;
  talk(story, "x: 1800;refresher=uac\r\n").advance(1830);
  CHECK(story.finished.empty());
  story.advance(1834);
  CHECK(story.call().release.reason == "session expired");
}

TEST_CASE("a refreshed session timer runs anew") {
  SipStory story;
  const std::string expires = "Session-Expires: 1800\r\n";
  talk(story, expires).time(1000).caller("UPDATE", {.in_dialog = true});
  story.response(200, "OK", {.headers = expires}).advance(2831);
  CHECK(story.finished.empty());
  story.advance(2833);
  CHECK(story.finished.size() == 1);
}

TEST_CASE("an INVITE whose session timer was too short is called again, and is one leg") {
  SipStory story;
  story.caller("INVITE", {.headers = "Session-Expires: 60\r\n"});
  story.response(422, "Session Interval Too Small", {.headers = "Min-SE: 1800\r\n"}).time(0.1);
  talk(story, "Session-Expires: 1800;refresher=uas\r\n").advance(1834);
  CHECK(story.stats().legs == 1);
  CHECK(story.call().state == CallState::kAnswered);
  CHECK(story.call().release.reason == "session expired");
}

TEST_CASE("a refresh without Session-Expires turns the session timer off") {
  SipStory story;
  talk(story, "Session-Expires: 1800\r\n").time(900).caller("UPDATE", {.in_dialog = true});
  story.response(200, "OK").advance(3 * kHour);
  CHECK(story.finished.empty());
}

TEST_CASE("a party on hold may be silent for longer than a talk") {
  SipStory story;
  talk(story).media_heard(50).time(60);
  story.caller("INVITE", {.in_dialog = true, .body = sdp("192.0.2.11", 4000, "a=inactive\r\n")});
  story.response(200, "OK", {.body = sdp("192.0.2.12", 5000, "a=inactive\r\n")});
  story.advance(kHour);
  CHECK(story.finished.empty());
}

TEST_CASE("the end of the capture interrupts the calls that are going on, and only those") {
  SipStory story;
  talk(story).media_heard(20);
  story.time(5)
      .caller("INVITE", {.call_id = "refused"})
      .response(486, "Busy Here", {.call_id = "refused"});
  story.time(5.5).caller("INVITE", {.call_id = "ringing"}).finish();
  REQUIRE(story.finished.size() == 3);
  CHECK(story.finished[0].state == CallState::kInterrupted);
  CHECK(story.finished[0].release.reason == "capture ended");
  CHECK(story.finished[0].end == SipStory::at(20));
  CHECK(story.finished[1].state == CallState::kBusy);
  CHECK(story.finished[2].state == CallState::kInterrupted);
  CHECK(story.released.size() == 3);
}

TEST_CASE("a clock that goes back does not disturb") {
  SipStory story;
  talk(story).time(-100).caller("INFO", {.in_dialog = true}).advance(-1000);
  story.time(10).callee("BYE").advance(12);
  CHECK(story.call().start == SipStory::at(0));
  CHECK(story.call().end == SipStory::at(10));
}

TEST_CASE("thousands of legs come and go, each finished once") {
  SipStory story;
  for (int i = 0; i < 5000; ++i) {
    const std::string id = std::to_string(i);
    story.time(i * 0.01).caller("INVITE", {.call_id = id, .caller_tag = id});
    if (i % 2 == 0) story.response(404, "Not Found", {.call_id = id, .caller_tag = id});
  }
  story.advance(60);
  CHECK(story.finished.size() == 2500);
  story.advance(400);
  CHECK(story.finished.size() == 5000);
}

}  // namespace koegura::capture::test
