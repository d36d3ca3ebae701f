// What came to the box and is lost, and what cannot be as it is told.
#include <doctest/doctest.h>

#include "hearing.h"
#include "snapshot_story.h"

namespace koegura::tools {
namespace {

using capture::Defect;
using capture::Drop;
using capture::TapSnapshot;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::vector<Finding> judged(const TapSnapshot& before, SnapshotStory& story) {
  return judge(before, story.now(), HearingOptions{});
}

// An hour and a minute of work, then `spoil`.
std::vector<Finding> spoiled(void (*spoil)(SnapshotStory&)) {
  SnapshotStory story;
  story.passes(hours(1), Minute{});
  const TapSnapshot before = story.now();
  story.passes(minutes(1), Minute{});
  spoil(story);
  return judged(before, story);
}

TEST_CASE("a burst lost in the ring is an alarm that names the setting") {
  const Finding finding =
      only(spoiled([](SnapshotStory& story) { story.source().losses.ring = 2400; }));
  CHECK(finding.id == "ring_losses");
  CHECK(finding.severity == Severity::kAlarm);
  CHECK(finding.what ==
        "2,400 frames lost because the capture's ring was full, 2 % of the last 60 s");
  CHECK(has(finding.blame, "live.ring_size"));
}

TEST_CASE("a few lost frames are a notice, and none that were lost earlier are told again") {
  const auto few = spoiled([](SnapshotStory& story) { story.source().losses.ring = 3; });
  CHECK(only(few).severity == Severity::kNotice);

  SnapshotStory story;
  story.passes(hours(1), Minute{});
  story.source().losses = {.ring = 5000, .interface = 5000};
  const TapSnapshot before = story.now();
  story.passes(minutes(1), Minute{});
  CHECK(judged(before, story).empty());
}

TEST_CASE("what the card dropped names ethtool and the interface") {
  const Finding finding =
      only(spoiled([](SnapshotStory& story) { story.source().losses.interface = 1; }));
  CHECK(finding.id == "interface_losses");
  CHECK(finding.what.starts_with("1 frame lost by the network card"));
  CHECK(has(finding.blame, "ethtool -G eth1 rx"));
}

TEST_CASE("packets that found the spool's memory full are an alarm; a write tried again is none") {
  CHECK(spoiled([](SnapshotStory& story) { story.now().capture.spool.write_errors = 1; }).empty());
  const Finding finding = only(
      spoiled([](SnapshotStory& story) { story.source().accounting.count(Drop::kSpoolFull, 66); }));
  CHECK(finding.id == "spool_full");
  CHECK(finding.source.empty());
  CHECK(finding.severity == Severity::kAlarm);
  CHECK(finding.what ==
        "66 packets of calls lost in the last 60 s: the disk did not take them, and the memory for "
        "what waits was full");
  CHECK(has(finding.blame, "spool.buffer_size"));
}

TEST_CASE("a flood that finds no room is an alarm that names the settings it met") {
  const Finding finding = only(spoiled([](SnapshotStory& story) {
    story.now().capture.limits.legs = 1234;
    story.now().capture.limits.strangers = 1;
  }));
  CHECK(finding.id == "limit_hit");
  CHECK(finding.severity == Severity::kAlarm);
  CHECK(
      finding.what.starts_with("1,234 SIP messages of calls that could not be followed "
                               "(signalling.max_legs), 1 stream that no SIP claimed"));
  CHECK(has(finding.what, "(capture.max_streams), in the last 60 s"));
}

TEST_CASE("a limit that costs no call is a notice, and one met earlier is not told again") {
  const Finding finding =
      only(spoiled([](SnapshotStory& story) { story.now().capture.limits.tcp_connections = 3; }));
  CHECK(finding.severity == Severity::kNotice);
  CHECK(has(finding.what, "tcp.max_connections"));

  SnapshotStory story;
  story.passes(hours(1), Minute{});
  story.now().capture.limits.legs = 7;
  const TapSnapshot before = story.now();
  story.passes(minutes(1), Minute{});
  CHECK(judged(before, story).empty());
}

TEST_CASE("SIP over TCP that found the hand-off full is a loss of its own") {
  const Finding finding =
      only(spoiled([](SnapshotStory& story) { story.now().capture.messages_lost = 2; }));
  CHECK(finding.id == "hand_off_drops");
  CHECK(finding.severity == Severity::kAlarm);
  CHECK(finding.what.starts_with("2 SIP messages over TCP dropped"));
}

TEST_CASE("what the signalling thread was too slow for is told by reason, and is no full spool") {
  const Finding finding = only(spoiled(
      [](SnapshotStory& story) { story.source().accounting.count(Drop::kHandOffFull, 1500); }));
  CHECK(finding.id == "hand_off_drops");
  CHECK(finding.severity == Severity::kAlarm);
  CHECK(finding.what ==
        "1,500 frames dropped between the recorder's threads (hand_off_full 1,500), 1 % of the "
        "last 60 s");
}

TEST_CASE("a source that failed says why, and is not also silent") {
  SnapshotStory story;
  story.passes(hours(1), Minute{});
  const TapSnapshot before = story.now();
  story.passes(minutes(5), quiet_minute(), {});
  story.source().error = "eth1: the interface went down";
  const Finding finding = only(judged(before, story));
  CHECK(finding.id == "source_failed");
  CHECK(finding.what == "gives no more frames: eth1: the interface went down");
  CHECK(finding.since == before.at);
}

TEST_CASE("frames that are cut off by the hundred blame the mirror's truncation") {
  const Finding finding = only(spoiled([](SnapshotStory& story) {
    story.source().accounting.count(Defect::kIpTruncated, 100'000);
  }));
  CHECK(finding.id == "truncated_frames");
  CHECK(has(finding.what, "100,000 frames cut off"));
  CHECK(has(finding.blame, "live.snapshot_length"));

  CHECK(spoiled([](SnapshotStory& story) {
          story.source().accounting.count(Defect::kIpTruncated, 99);
        }).empty());
}

TEST_CASE("an imbalance of the accounting is a defect of ours") {
  const Finding finding = only(
      spoiled([](SnapshotStory& story) { story.now().imbalance = "eth1: 7 frames too many"; }));
  CHECK(finding.id == "imbalance");
  CHECK(has(finding.what, "eth1: 7 frames too many"));
}

TEST_CASE("frames stamped in the future or the past are a clock that is wrong") {
  const Finding future =
      only(spoiled([](SnapshotStory& story) { story.source().last_frame += seconds(3600); }));
  CHECK(future.id == "clock");
  CHECK(has(future.what, "stamped 60 min in the future"));
  const Finding past =
      only(spoiled([](SnapshotStory& story) { story.source().last_frame -= seconds(66); }));
  CHECK(has(past.what, "stamped 6 s in the past"));
  CHECK(spoiled([](SnapshotStory& story) { story.source().last_frame += seconds(1); }).empty());
}

}  // namespace
}  // namespace koegura::tools
