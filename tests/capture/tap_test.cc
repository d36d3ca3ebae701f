#include "capture/tap.h"

#include <doctest/doctest.h>

#include <atomic>

#include "steady_stamps.h"
#include "tap_story.h"

namespace koegura::capture {
namespace {

using test::Dialog;
using test::sdp;
using test::TapStory;

// INVITE, 200 and ACK as one source hears them, until the call is known to talk.
void answer(TapStory& story, std::size_t source, const Dialog& dialog, std::string_view caller,
            std::string_view callee) {
  const std::uint64_t before = story.sum()[Outcome::kSip];
  story.udp(source, dialog.caller, dialog.callee, dialog.invite(sdp(caller)));
  story.udp(source, dialog.callee, dialog.caller, dialog.response("200 OK", sdp(callee)));
  story.udp(source, dialog.caller, dialog.callee, dialog.ack());
  story.wait_for(Outcome::kSip, before + 3);
}

void hang_up(TapStory& story, std::size_t source, const Dialog& dialog) {
  const std::uint64_t before = story.sum()[Outcome::kSip];
  story.udp(source, dialog.caller, dialog.callee, dialog.bye());
  story.wait_for(Outcome::kSip, before + 1);
}

TEST_CASE("SIP on one lane and its RTP on another are one call") {
  TapStory story({1, 1});
  const Dialog dialog{.call_id = "split"};
  answer(story, 0, dialog, "192.0.2.1:4000", "192.0.2.9:6000");
  story.speech(1, "192.0.2.1:4000", "192.0.2.9:6000", 1, 100);
  story.speech(1, "192.0.2.9:6000", "192.0.2.1:4000", 2, 100).wait_for(Outcome::kRtp, 200);
  hang_up(story, 0, dialog);
  story.wait_for_calls(1).stop();

  const FinishedCall& call = story.call("split");
  CHECK(call.state == CallState::kAnswered);
  REQUIRE(call.streams.size() == 2);
  CHECK(call.streams[0].side == Side::kCaller);
  CHECK(call.streams[0].packets == 100);
  CHECK(call.streams[1].side == Side::kCallee);
  CHECK(call.streams[1].packets == 100);
  CHECK_FALSE(call.signalling.empty());
  CHECK(story.snapshot().sources[0].accounting[Outcome::kSip] == 4);
  CHECK(story.snapshot().sources[1].accounting[Outcome::kRtp] == 200);
}

TEST_CASE("RTP that came before its SDP, on another lane, is kept from its first packet") {
  TapStory story({1, 1});
  const Dialog dialog{.call_id = "early"};
  story.speech(1, "192.0.2.9:6000", "192.0.2.1:4000", 2, 2);  // on probation
  story.wait_until([&] { return story.sum().received == 2; });
  answer(story, 0, dialog, "192.0.2.1:4000", "192.0.2.9:6000");
  story.wait_for(Outcome::kRtp, 2);  // adopted
  story.speech(1, "192.0.2.9:6000", "192.0.2.1:4000", 2, 50, 3).wait_for(Outcome::kRtp, 52);
  hang_up(story, 0, dialog);
  story.wait_for_calls(1).stop();
  REQUIRE(story.call("early").streams.size() == 1);
  CHECK(story.call("early").streams[0].packets == 52);
}

TEST_CASE("a port that the next call takes at once goes to the right call") {
  TapStory story({1, 1});
  const Dialog first{.call_id = "first"};
  const Dialog second{.call_id = "second"};
  answer(story, 0, first, "192.0.2.1:4000", "192.0.2.9:6000");
  story.speech(1, "192.0.2.1:4000", "192.0.2.9:6000", 7, 50).wait_for(Outcome::kRtp, 50);
  hang_up(story, 0, first);
  answer(story, 0, second, "192.0.2.1:4000", "192.0.2.9:6000");
  // The order to begin a new stream crosses the rings; until then the old one would take it.
  story.wait_for_calls(1);
  story.speech(1, "192.0.2.1:4000", "192.0.2.9:6000", 7, 70, 500).wait_for(Outcome::kRtp, 120);
  hang_up(story, 0, second);
  story.wait_for_calls(2).stop();
  REQUIRE(story.call("first").streams.size() == 1);
  CHECK(story.call("first").streams[0].packets == 50);
  REQUIRE(story.call("second").streams.size() == 1);
  CHECK(story.call("second").streams[0].packets == 70);
}

TEST_CASE("the copy that a second interface shows is recorded once, and counted where it came") {
  TapStory story({2});
  const Dialog dialog{.call_id = "twice"};
  for (const std::size_t source : {0U, 1U}) {
    story.udp(source, dialog.caller, dialog.callee, dialog.invite(sdp("192.0.2.1:4000")));
  }
  for (unsigned i = 1; i <= 40; ++i) {
    for (const std::size_t source : {0U, 1U}) {
      story.rtp(source, "192.0.2.9:6000", "192.0.2.1:4000", 9, i);
    }
  }
  story.wait_until([&] { return story.sum().received == 82; }).stop();
  REQUIRE(story.call("twice").streams.size() == 1);
  CHECK(story.call("twice").streams[0].packets == 40);
  CHECK(story.call("twice").streams[0].duplicates == 40);
  CHECK(story.sum()[Outcome::kRtp] == 40);
  CHECK(story.sum()[Outcome::kSip] == 1);
  CHECK(story.sum()[Outcome::kDuplicate] == 41);
}

TEST_CASE("RTP without any SIP becomes a media-only call, its directions on two lanes") {
  TapStory story({1, 1});
  story.speech(0, "192.0.2.1:4000", "192.0.2.9:6000", 1, 30);
  story.speech(1, "192.0.2.9:6000", "192.0.2.1:4000", 2, 30);
  story.wait_for_calls(1).stop();  // by their silence
  CHECK(story.call("").state == CallState::kMediaOnly);
  REQUIRE(story.call("").streams.size() == 2);
  CHECK(story.call("").streams[0].packets == 30);
  CHECK(story.call("").streams[1].packets == 30);
}

TEST_CASE("a stop in the middle of a call gives it as interrupted, with all it had") {
  TapStory story({1, 1});
  const Dialog dialog{.call_id = "cut"};
  answer(story, 0, dialog, "192.0.2.1:4000", "192.0.2.9:6000");
  story.speech(1, "192.0.2.1:4000", "192.0.2.9:6000", 1, 25).wait_for(Outcome::kRtp, 25).stop();
  CHECK(story.call("cut").state == CallState::kInterrupted);
  REQUIRE(story.call("cut").streams.size() == 1);
  CHECK(story.call("cut").streams[0].packets == 25);
}

TEST_CASE("what is heard now is told while it is heard") {
  TapStory story({1, 1});
  const Dialog dialog{.call_id = "live"};
  answer(story, 0, dialog, "192.0.2.1:4000", "192.0.2.9:6000");
  story.speech(1, "192.0.2.1:4000", "192.0.2.9:6000", 1, 50);
  TapSnapshot snapshot;
  story.wait_until([&] {
    snapshot = story.snapshot();
    return snapshot.calls.size() == 1 && snapshot.calls[0].packets == 50;
  });
  CHECK(snapshot.hearing.legs == 1);
  CHECK(snapshot.hearing.talking == 1);
  CHECK(snapshot.hearing.unheard == 0);
  CHECK(snapshot.hearing.streams == 1);
  CHECK(snapshot.hearing.one_way_streams == 1);
  CHECK(snapshot.hearing.strangers == 0);
  CHECK(snapshot.hearing.sip_requests == 2);
  CHECK(snapshot.hearing.sip_responses == 1);
  CHECK(snapshot.calls[0].call_id == "live");
  CHECK(snapshot.calls[0].streams == 1);
  story.stop();
}

TEST_CASE("a hand-off that is full drops and counts, and the sums hold") {
  TapOptions options;
  options.hand_off_bytes = 4096;
  TapStory story({1}, options);
  for (int i = 0; i < 2000; ++i) {
    const Dialog dialog{.call_id = "c" + std::to_string(i)};
    story.udp(0, dialog.caller, dialog.callee, dialog.invite(sdp("192.0.2.1:4000")));
  }
  story.wait_until([&] { return story.sum().received == 2000; }).stop();
  const Accounting sum = story.sum();
  const std::uint64_t dropped = sum.dropped[static_cast<std::size_t>(Drop::kHandOffFull)];
  CHECK(sum[Outcome::kSip] + dropped == 2000);
  CHECK(dropped > 0);
  CHECK(story.taken() == sum[Outcome::kSip]);
}

TEST_CASE("a source that fails leaves the others working, and says why") {
  TapStory story({2});
  story.fail(0, "eth0: the interface is gone");
  const Dialog dialog{.call_id = "other"};
  story.udp(1, dialog.caller, dialog.callee, dialog.invite(sdp("192.0.2.1:4000")));
  story.wait_for(Outcome::kSip, 1);
  CHECK_FALSE(story.tap().is_dead());
  CHECK(story.snapshot().sources[0].error == "eth0: the interface is gone");
  story.fail(1, "eth1: the interface is gone");
  story.wait_until([&] { return story.tap().is_dead(); }).stop();
  CHECK(story.taken() == 1);
}

TEST_CASE("T.38 is expected on every lane") {
  TapStory story({1, 1});
  const Dialog dialog{.call_id = "fax"};
  answer(story, 0, dialog, "192.0.2.1:4000", "192.0.2.9:6000");
  story.udp(0, dialog.caller, dialog.callee,
            dialog.invite(sdp("192.0.2.1:4000", "image", "udptl t38"), 2));
  story.udp(0, dialog.callee, dialog.caller,
            dialog.response("200 OK", sdp("192.0.2.9:6000", "image", "udptl t38"), 2));
  story.wait_for(Outcome::kSip, 5);
  // It takes a moment until the lanes were told to expect it.
  unsigned sent = 0;
  story.wait_until([&] {
    const Accounting sum = story.sum();
    if (sum.received < 5 + sent) return false;
    if (sum[Outcome::kT38] >= 3) return true;
    test::Writer udptl;
    udptl.u16(++sent).u8(1).u8(0).u8(0);
    story.send(1, test::udp("192.0.2.1:4000", "192.0.2.9:6000", Bytes(udptl.octets())));
    return false;
  });
  story.stop();
  REQUIRE(story.call("fax").streams.size() == 1);
  CHECK(story.call("fax").streams[0].kind == MediaKind::kImage);
  CHECK(story.call("fax").streams[0].packets == story.sum()[Outcome::kT38]);
  CHECK(story.call("fax").streams[0].side == Side::kCaller);
}

// The wall clock, set forwards or back by so much.
std::atomic<std::int64_t> wall_set{0};
Timestamp wall_now() {
  return std::chrono::system_clock::now() + Duration(wall_set.load());
}
ClockSample set_clocks() {
  ClockSample sample = sample_clocks();
  sample.wall += Duration(wall_set.load());
  return sample;
}

TEST_CASE("a wall clock that is set within a call moves none of its packets, and is told") {
  for (const Duration step : {Duration(std::chrono::hours(1)), -Duration(std::chrono::hours(1))}) {
    wall_set = 0;
    TapOptions options;
    options.clocks = set_clocks;
    TapStory story({1}, options);
    story.stamp_with(wall_now);
    const Dialog dialog{.call_id = "stepped"};
    answer(story, 0, dialog, "192.0.2.1:4000", "192.0.2.9:6000");
    story.speech(0, "192.0.2.9:6000", "192.0.2.1:4000", 2, 50).wait_for(Outcome::kRtp, 50);
    wall_set = step.count();
    story.wait_until([&] { return !story.snapshot().clock_steps.empty(); });
    story.speech(0, "192.0.2.9:6000", "192.0.2.1:4000", 2, 50, 51).wait_for(Outcome::kRtp, 100);
    hang_up(story, 0, dialog);
    story.wait_for_calls(1).stop();
    const FinishedCall& call = story.call("stepped");
    CHECK(call.state == CallState::kAnswered);
    CHECK(call.end - call.start < std::chrono::seconds(30));
    CHECK(call.wall_offset == Duration::zero());
    REQUIRE(call.clock_steps.size() == 1);
    CHECK(call.clock_steps[0].by > step - std::chrono::milliseconds(50));
    CHECK(call.clock_steps[0].by < step + std::chrono::milliseconds(50));
    REQUIRE(call.streams.size() == 1);
    Timestamp before;
    SpoolReader reader(call.streams[0].spooled);
    SpooledPacket packet;
    while (reader.next(packet).value_or(false)) {
      CHECK(packet.time >= before);
      before = packet.time;
    }
    CHECK(before < call.start + std::chrono::seconds(30));
  }
}

TEST_CASE("a call that begins after the wall clock was set shows the wall clock's time") {
  wall_set = 0;
  TapOptions options;
  options.clocks = set_clocks;
  TapStory story({1}, options);
  story.stamp_with(wall_now);
  constexpr Duration kStep = std::chrono::hours(2);
  wall_set = kStep.count();
  story.wait_until([&] { return !story.snapshot().clock_steps.empty(); });
  const Dialog dialog{.call_id = "after"};
  answer(story, 0, dialog, "192.0.2.1:4000", "192.0.2.9:6000");
  hang_up(story, 0, dialog);
  story.wait_for_calls(1).stop();
  const FinishedCall& call = story.call("after");
  CHECK(call.clock_steps.empty());
  const Duration behind = wall_now() - (call.start + call.wall_offset);
  CHECK(behind >= Duration::zero());
  CHECK(behind < std::chrono::minutes(1));
}

}  // namespace
}  // namespace koegura::capture
