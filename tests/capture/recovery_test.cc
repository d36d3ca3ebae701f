// A recorder that dies or is stopped with calls going on, and the one that is started after it.
#include <doctest/doctest.h>

#include "count_packets.h"
#include "tap_story.h"

namespace koegura::capture {
namespace {

using test::count_packets;
using test::Dialog;
using test::sdp;
using test::TapStory;

constexpr std::string_view kCaller = "192.0.2.1:4000";
constexpr std::string_view kCallee = "192.0.2.9:6000";

void answer(TapStory& story, const Dialog& dialog) {
  const std::uint64_t before = story.sum()[Outcome::kSip];
  story.udp(0, dialog.caller, dialog.callee, dialog.invite(sdp(kCaller)));
  story.udp(0, dialog.callee, dialog.caller, dialog.response("200 OK", sdp(kCallee)));
  story.udp(0, dialog.caller, dialog.callee, dialog.ack());
  story.wait_for(Outcome::kSip, before + 3);
}

void hang_up(TapStory& story, const Dialog& dialog) {
  const std::uint64_t before = story.sum()[Outcome::kSip];
  story.udp(0, dialog.caller, dialog.callee, dialog.bye());
  story.wait_for(Outcome::kSip, before + 1);
}

void wait_for_recovery(TapStory& story) {
  story.wait_until([&] { return story.snapshot().recovery.is_done; });
}

TEST_CASE("a call that goes on while the recorder is killed is one call, with an outage in it") {
  const Dialog dialog{.call_id = "goes-on"};
  TapStory killed({1});
  answer(killed, dialog);
  killed.speech(0, kCallee, kCaller, 7, 100).wait_for(Outcome::kRtp, 100);
  killed.wait_for_disk(103);

  TapStory story({1}, {}, &killed);
  wait_for_recovery(story);
  CHECK(story.snapshot().recovery.legs == 1);
  CHECK(story.snapshot().recovery.packets == 103);
  story.speech(0, kCallee, kCaller, 7, 50, 151).wait_for(Outcome::kRtp, 50);
  hang_up(story, dialog);
  story.wait_for_calls(1).stop();
  const FinishedCall& call = story.call("goes-on");
  CHECK(call.state == CallState::kAnswered);
  REQUIRE(call.streams.size() == 1);
  CHECK(call.streams[0].packets == 150);
  CHECK(count_packets(call.streams[0].spooled) == 150);
  REQUIRE(call.outages.size() == 1);
  CHECK(call.outages[0].from >= call.start);
  CHECK(call.outages[0].from < call.outages[0].to);
  CHECK(story.taken() == 1);
}

TEST_CASE("a call that ended while the recorder was away is interrupted where it was last heard") {
  const Dialog dialog{.call_id = "ended"};
  TapStory killed({1});
  answer(killed, dialog);
  killed.speech(0, kCallee, kCaller, 7, 100).wait_for(Outcome::kRtp, 100);
  killed.wait_for_disk(103);

  TapOptions options;
  options.capture.signalling.media_silence_timeout = std::chrono::seconds(1);
  TapStory story({1}, options, &killed);
  story.wait_for_calls(1).stop();
  const FinishedCall& call = story.call("ended");
  CHECK(call.state == CallState::kInterrupted);
  REQUIRE(call.streams.size() == 1);
  CHECK(count_packets(call.streams[0].spooled) == 100);
  CHECK(call.end == call.streams[0].last);
}

TEST_CASE("a call that was over and not archived comes out again, the same") {
  const Dialog dialog{.call_id = "over"};
  TapStory killed({1});
  answer(killed, dialog);
  killed.speech(0, kCallee, kCaller, 7, 100);
  hang_up(killed, dialog);
  killed.wait_for_calls(1).wait_for_disk(104);

  TapStory story({1}, {}, &killed);
  story.wait_for_calls(1).stop();
  const FinishedCall& before = killed.call("over");
  const FinishedCall& again = story.call("over");
  CHECK(again.state == CallState::kAnswered);
  CHECK(again.start == before.start);
  CHECK(again.end == before.end);
  CHECK(again.from_tag == before.from_tag);
  REQUIRE(again.streams.size() == 1);
  CHECK(count_packets(again.streams[0].spooled) == 100);
  CHECK(again.outages.empty());
}

TEST_CASE("a call that was over just before the kill says that its last sound may be missing") {
  const Dialog dialog{.call_id = "torn"};
  TapStory killed({1});
  answer(killed, dialog);
  killed.speech(0, kCallee, kCaller, 7, 100);
  const auto later = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  killed.wait_until([&] { return std::chrono::steady_clock::now() > later; });  // no sound
  hang_up(killed, dialog);
  killed.wait_for_disk(104);
  TapStory story({1}, {}, &killed);
  story.wait_for_calls(1).stop();
  const FinishedCall& call = story.call("torn");
  CHECK(call.state == CallState::kAnswered);
  REQUIRE(call.outages.size() == 1);
  CHECK(call.outages[0].from == call.streams.at(0).last);
  CHECK(call.outages[0].to == call.end);
}

TEST_CASE("an archived call does not come back, whatever of it stands beside others") {
  const Dialog archived{.call_id = "archived"};
  const Dialog other{.call_id = "other", .caller = "192.0.2.1:5070", .callee = "192.0.2.9:5070"};
  TapStory killed({1});
  answer(killed, archived);
  killed.speech(0, kCallee, kCaller, 7, 100);
  killed.udp(0, other.caller, other.callee, other.invite(sdp("192.0.2.1:4444")));
  killed.speech(0, "192.0.2.9:6666", "192.0.2.1:4444", 8, 60).wait_for(Outcome::kRtp, 160);
  hang_up(killed, archived);
  killed.wait_for_calls(1).wait_for_disk(165).archive_all();  // an archive has read them all
  killed.wait_until([&] { return std::filesystem::file_size(killed.folder() / "released") > 40; });

  TapStory story({1}, {}, &killed);
  wait_for_recovery(story);
  CHECK(story.snapshot().recovery.packets == 61);
  story.stop();
  CHECK(story.taken() == 1);
  REQUIRE(story.call("other").streams.size() == 1);
  CHECK(count_packets(story.call("other").streams[0].spooled) == 60);
}

TEST_CASE("a stop that keeps leaves calls in progress to the next start, and nothing is lost") {
  const Dialog dialog{.call_id = "kept"};
  TapStory first({1});
  answer(first, dialog);
  first.speech(0, kCallee, kCaller, 7, 77).wait_for(Outcome::kRtp, 77).stop(TapEnd::kKeep);
  first.close_spool();
  CHECK(first.taken() == 0);

  TapStory story({1}, {}, &first);
  wait_for_recovery(story);
  story.speech(0, kCallee, kCaller, 7, 3, 78).wait_for(Outcome::kRtp, 3);
  hang_up(story, dialog);
  story.wait_for_calls(1).stop();
  REQUIRE(story.call("kept").streams.size() == 1);
  CHECK(count_packets(story.call("kept").streams[0].spooled) == 80);
  CHECK(story.call("kept").state == CallState::kAnswered);
}

TEST_CASE("a call over TCP is read again, and survives the next death, too") {
  const Dialog dialog{.call_id = "tcp"};
  const auto segment = [&](TapStory& story, bool from_caller, std::uint32_t sequence,
                           const std::string& text) {
    story.send(0, from_caller ? test::tcp(dialog.caller, dialog.callee, sequence, text)
                              : test::tcp(dialog.callee, dialog.caller, sequence, text));
  };
  TapStory first({1});
  const std::string invite = dialog.invite(sdp(kCaller));
  const std::string ok = dialog.response("200 OK", sdp(kCallee));
  segment(first, true, 1000, invite);
  segment(first, false, 5000, ok);
  first.speech(0, kCallee, kCaller, 7, 40).wait_for(Outcome::kRtp, 40);
  first.wait_for_disk(42);
  TapStory second({1}, {}, &first);
  wait_for_recovery(second);
  CHECK(second.snapshot().recovery.legs == 1);
  second.wait_for_disk(42);
  TapStory third({1}, {}, &second);
  wait_for_recovery(third);
  CHECK(third.snapshot().recovery.legs == 1);
  segment(third, true, 1000 + static_cast<std::uint32_t>(invite.size()), dialog.bye());
  third.wait_for_calls(1).stop();
  CHECK(third.call("tcp").state == CallState::kAnswered);
  REQUIRE(third.call("tcp").streams.size() == 1);
  CHECK(count_packets(third.call("tcp").streams[0].spooled) == 40);
}

TEST_CASE("RTP of nobody is one call across an outage, too") {
  TapStory killed({1});
  killed.speech(0, kCallee, kCaller, 7, 100).wait_for(Outcome::kRtp, 100).wait_for_disk(100);
  TapStory story({1}, {}, &killed);
  wait_for_recovery(story);
  story.speech(0, kCallee, kCaller, 7, 100, 120).wait_for(Outcome::kRtp, 100);
  story.wait_for_calls(1).stop();  // by its silence
  CHECK(story.taken() == 1);
  CHECK(story.call("").state == CallState::kMediaOnly);
  REQUIRE(story.call("").streams.size() == 1);
  CHECK(count_packets(story.call("").streams[0].spooled) == 200);
}

TEST_CASE("dying again and again loses nothing, and the segments go in the end") {
  const Dialog dialog{.call_id = "often"};
  std::vector<std::unique_ptr<TapStory>> lives;
  lives.push_back(std::make_unique<TapStory>(std::vector<std::size_t>{1}));
  answer(*lives.back(), dialog);
  unsigned sequence = 1;
  for (int life = 0; life < 4; ++life) {
    lives.back()->speech(0, kCallee, kCaller, 7, 30, sequence).wait_for(Outcome::kRtp, 30);
    sequence += 35;
    lives.back()->wait_for_disk(3 + 30 * static_cast<std::size_t>(life + 1));
    lives.push_back(
        std::make_unique<TapStory>(std::vector<std::size_t>{1}, TapOptions{}, lives.back().get()));
    wait_for_recovery(*lives.back());
  }
  TapStory& last = *lives.back();
  hang_up(last, dialog);
  last.wait_for_calls(1);
  const FinishedCall& call = last.call("often");
  REQUIRE(call.streams.size() == 1);
  CHECK(count_packets(call.streams[0].spooled) == 120);
  CHECK(call.outages.size() == 4);
  last.archive_all().stop().close_spool();
  CHECK(last.segments() == 0);
}

TEST_CASE("a BYE after an outage that took the answer interrupts: nobody cancelled") {
  const Dialog dialog{.call_id = "unseen-answer"};
  TapStory killed({1});
  killed.udp(0, dialog.caller, dialog.callee, dialog.invite(sdp(kCaller)));
  killed.wait_for(Outcome::kSip, 1).wait_for_disk(1);
  TapStory story({1}, {}, &killed);
  wait_for_recovery(story);
  hang_up(story, dialog);
  story.wait_for_calls(1).stop();
  CHECK(story.call("unseen-answer").state == CallState::kInterrupted);
}

}  // namespace
}  // namespace koegura::capture
