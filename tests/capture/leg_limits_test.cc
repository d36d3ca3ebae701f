// Signalling: what a flood of messages may take, and what it may not.

#include "signalling_story.h"

namespace koegura::capture::test {
namespace {

SignallingOptions at_most(std::uint32_t legs) {
  SignallingOptions options = short_linger();
  options.max_legs = legs;
  return options;
}

Said of(int number) {
  const std::string id = "flood-" + std::to_string(number);
  return {.call_id = id, .caller_tag = id};
}

TEST_CASE(
    "INVITEs beyond the limit of legs are counted and passed over, and the known call goes on") {
  SipStory story(at_most(10));
  story.caller("INVITE", {.cseq = 1, .body = sdp("192.0.2.11", 4000)});
  for (int i = 0; i < 1000; ++i) story.caller("INVITE", of(i));
  CHECK(story.stats().legs == 10);
  CHECK(story.stats().legs_refused == 991);
  CHECK(story.stats().outside_legs == 991);
  CHECK_FALSE(story.last_leg);
  story.time(1).response(200, "OK", {.cseq = 1, .body = sdp("192.0.2.12", 5000)});
  story.time(20).callee("BYE").advance(22);
  REQUIRE(story.finished.size() == 1);
  CHECK(story.call().call_id == "call");
  CHECK(story.call().state == CallState::kAnswered);
}

TEST_CASE("a leg that ends makes room for another") {
  SipStory story(at_most(2));
  for (int i = 0; i < 2; ++i) story.caller("INVITE", of(i));
  story.caller("INVITE", of(2)).caller("INVITE", of(1)).response(404, "Not Found", of(1));
  story.advance(5).caller("INVITE", of(3));
  CHECK(story.last_leg);
  CHECK(story.stats().legs == 3);
  CHECK(story.stats().legs_refused == 1);
}

TEST_CASE("what was refused as a leg joins as one in the middle, once there is room") {
  SipStory story(at_most(1));
  story.caller("INVITE", of(1)).caller("INVITE", {.cseq = 1}).advance(301);
  REQUIRE(story.finished.size() == 1);
  story.response(200, "OK", {.cseq = 1, .body = sdp("192.0.2.12", 5000)})
      .callee("BYE")
      .advance(310);
  REQUIRE(story.finished.size() == 2);
  CHECK(story.finished[1].call_id == "call");
  CHECK(story.finished[1].state == CallState::kInterrupted);
}

TEST_CASE("finished legs are remembered up to the limit, and the oldest is forgotten") {
  SipStory story(at_most(3));
  for (int i = 0; i < 8; ++i) {
    story.time(i * 2).caller("INVITE", of(i)).response(404, "Not Found", of(i));
  }
  story.advance(20);
  CHECK(story.finished.size() == 8);
  CHECK(story.stats().finished_legs_forgotten == 5);
  Said again = of(7);
  again.cseq = 8;
  story.response(404, "Not Found", again);
  CHECK_FALSE(story.last_leg);  // still known
  again = of(0);
  again.cseq = 1;
  story.response(404, "Not Found", again);
  CHECK(story.last_leg);
}

TEST_CASE("what one leg has too much of is counted") {
  SipStory story;
  story.caller("INVITE").response(200, "OK");
  for (int i = 0; i < 300; ++i) {
    story.caller("UPDATE", {.in_dialog = true, .body = sdp("192.0.2.11", 4000 + 2 * i)});
    story.response(200, "OK");
  }
  CHECK(story.announced.size() == 256);
  CHECK(story.stats().leg_entries_refused == 44);
  for (int i = 0; i < 5000; ++i) {
    story.caller("INFO", {.in_dialog = true,
                          .body = "Signal=5\r\nDuration=100\r\n",
                          .type = "application/dtmf-relay"});
  }
  CHECK(story.stats().leg_entries_refused == 44 + 5000 - 4096);
  story.callee("BYE").advance(10);
  CHECK(story.call().digits.size() == 4096);
}

TEST_CASE("deadlines that come ever earlier leave no timers behind") {
  SipStory story;
  story.caller("INVITE").response(200, "OK");
  // Each answer shortens the session timer: each is one more wake-up.
  for (int i = 0; i < 20'000; ++i) {
    story.caller("UPDATE", {.in_dialog = true});
    story.response(200, "OK", {.headers = "x: " + std::to_string(14'000 - i / 2) + "\r\n"});
  }
  story.advance(4000 + 31);
  CHECK(story.finished.empty());
  story.advance(4000 + 34);
  CHECK(story.call().release.reason == "session expired");
}

}  // namespace
}  // namespace koegura::capture::test
