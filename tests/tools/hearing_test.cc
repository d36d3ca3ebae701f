#include "hearing.h"

#include <doctest/doctest.h>

#include "snapshot_story.h"

namespace koegura::tools {
namespace {

using capture::TapSnapshot;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::vector<Finding> judged(const TapSnapshot& before, SnapshotStory& story) {
  return judge(before, story.now(), HearingOptions{});
}

std::string ids(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) text += (text.empty() ? "" : " ") + finding.id;
  return text;
}

// What is said of an hour of ordinary work and then `minute`.
std::vector<Finding> after_work(const Minute& minute) {
  SnapshotStory story;
  story.passes(hours(1), Minute{});
  const TapSnapshot before = story.now();
  story.passes(minutes(1), minute);
  return judged(before, story);
}

// ---- health ---------------------------------------------------------------------------------

TEST_CASE("healthy traffic gives no finding, from the first seconds on") {
  SnapshotStory story;
  for (int minute = 0; minute < 600; ++minute) {
    const TapSnapshot before = story.now();
    story.passes(seconds(5), Minute{});
    CHECK(ids(judged(before, story)).empty());
  }
}

TEST_CASE("a quiet night, with no call and a little signalling, gives no finding") {
  SnapshotStory story;
  story.passes(hours(9), Minute{});
  for (int minute = 0; minute < 480; ++minute) {
    const TapSnapshot before = story.now();
    Minute quiet = quiet_minute();
    if (minute % 20 != 0) quiet.sip = quiet.requests = quiet.responses = 0;
    story.passes(minutes(1), quiet);
    CHECK(ids(judged(before, story)).empty());
  }
}

TEST_CASE("a recorder started at night waits for half an hour before it misses SIP") {
  SnapshotStory story;
  const TapSnapshot before = story.now();
  Minute silent = quiet_minute();
  silent.sip = silent.requests = silent.responses = 0;
  story.passes(minutes(29), silent);
  CHECK(ids(judged(before, story)).empty());
  story.passes(minutes(1), silent);
  CHECK(ids(judged(before, story)) == "no_sip");
}

// ---- no_frames ------------------------------------------------------------------------------

TEST_CASE(
    "a port that never gave a frame is deaf since the start, and the port or cable is named") {
  SnapshotStory story;
  const TapSnapshot before = story.now();
  story.passes(minutes(1), quiet_minute(), {});
  story.now().hearing.last_sip = {};
  const Finding finding = only(judged(before, story));
  CHECK(finding.id == "no_frames");
  CHECK(finding.source == "eth1");
  CHECK(finding.severity == Severity::kAlarm);
  CHECK(finding.what ==
        "no frame, not even a broadcast, for 60 s: none since the recorder was started");
  CHECK(has(finding.blame, "the cable is in another port"));
  CHECK(has(finding.blame, "monitor session 1 destination interface"));
  CHECK(finding.since == story.now().started);
}

TEST_CASE(
    "a port that fell silent says since when, and that the switch may have lost its session") {
  SnapshotStory story;
  story.passes(hours(2), Minute{});
  const TapSnapshot before = story.now();
  story.passes(minutes(3), quiet_minute(), {});
  const Finding finding = only(judged(before, story));
  CHECK(finding.id == "no_frames");
  CHECK(has(finding.what, "for 3 min: until then there were frames"));
  CHECK(has(finding.blame, "restarted without its saved configuration"));
  CHECK(finding.since == before.at);
}

TEST_CASE("a spanning tree frame every two seconds is no silence") {
  SnapshotStory story;
  const TapSnapshot before = story.now();
  Minute only_own = quiet_minute();
  only_own.sip = 0;
  story.passes(minutes(10), only_own);
  CHECK(ids(judged(before, story)).empty());
}

TEST_CASE("one of two ports that is silent is named; a DPDK queue without flows is not") {
  SnapshotStory two({"eth1", "eth2"});
  const TapSnapshot before = two.now();
  two.passes(minutes(2), Minute{}, {0});
  CHECK(only(judged(before, two)).source == "eth2");

  SnapshotStory queues({"dpdk 0/0", "dpdk 0/1"});
  const TapSnapshot start = queues.now();
  queues.passes(minutes(2), quiet_minute(), {0});
  CHECK(ids(judged(start, queues)).empty());
}

// ---- no_sip ---------------------------------------------------------------------------------

TEST_CASE("much traffic without SIP blames the VLAN or TLS") {
  SnapshotStory story;
  const TapSnapshot before = story.now();
  story.passes(minutes(31),
               {.rtp = 0, .sip = 0, .other = 90'000, .requests = 0, .responses = 0, .gauges = {}});
  const Finding finding = only(judged(before, story));
  CHECK(finding.id == "no_sip");
  CHECK(finding.what == "no SIP for 31 min, though 90,000 frames came in the last 31 min");
  CHECK(has(finding.blame, "the voice VLAN or the PBX's port is not in the mirror"));
  CHECK(has(finding.blame, "TLS"));
}

TEST_CASE("the few frames any port shows without SIP blame a mirror session that does not run") {
  SnapshotStory story;
  const TapSnapshot before = story.now();
  story.passes(minutes(31),
               {.rtp = 0, .sip = 0, .other = 31 * 35, .requests = 0, .responses = 0, .gauges = {}});
  const Finding finding = only(judged(before, story));
  CHECK(finding.id == "no_sip");
  CHECK(has(finding.blame, "the mirror session is not running"));
}

// ---- sip_without_rtp ------------------------------------------------------------------------

TEST_CASE("answered calls without any RTP blame the media's VLAN") {
  const Finding finding =
      only(after_work({.rtp = 0, .gauges = {.legs = 6, .talking = 5, .unheard = 5, .streams = 0}}));
  CHECK(finding.id == "sip_without_rtp");
  CHECK(finding.what ==
        "5 of 5 calls that were answered have no RTP, and there is none of any other");
  CHECK(has(finding.blame, "the media's VLAN or subnet is not in the mirror"));
}

TEST_CASE("some answered calls without RTP blame phones past the mirrored ports") {
  const Finding finding =
      only(after_work({.gauges = {.legs = 22, .talking = 20, .unheard = 6, .streams = 28}}));
  CHECK(finding.id == "sip_without_rtp");
  CHECK(finding.what == "6 of 20 calls that were answered have no RTP");
  CHECK(has(finding.blame, "another switch"));
}

TEST_CASE("a parked call, alone or among others, is not SIP without RTP") {
  CHECK(ids(after_work({.rtp = 0, .gauges = {.legs = 1, .talking = 1, .unheard = 1}})).empty());
  CHECK(ids(after_work({.gauges = {.legs = 22, .talking = 20, .unheard = 3, .streams = 34}}))
            .empty());
  // on hold: talking, and not counted as unheard
  CHECK(ids(after_work({.rtp = 0, .gauges = {.legs = 4, .talking = 4}})).empty());
}

// ---- rtp_without_sip ------------------------------------------------------------------------

TEST_CASE("RTP without any SIP since the start blames the signalling's port, and is told once") {
  SnapshotStory story;
  const TapSnapshot before = story.now();
  const Minute deaf{
      .sip = 0, .requests = 0, .responses = 0, .gauges = {.streams = 12, .strangers = 12}};
  story.passes(minutes(4), deaf);
  CHECK(ids(judged(before, story)).empty());  // calls from before the start, perhaps
  story.passes(minutes(40), deaf);
  const Finding finding = only(judged(before, story));  // and no no_sip beside it
  CHECK(finding.id == "rtp_without_sip");
  CHECK(finding.what ==
        "no SIP since the recorder was started 44 min ago, though RTP of 12 streams is heard");
  CHECK(has(finding.blame, "the port or VLAN of the PBX is not in the mirror"));
  CHECK(has(finding.blame, "media-only"));
}

TEST_CASE("SIP of some lines only leaves strangers, which are told") {
  const Finding finding =
      only(after_work({.gauges = {.legs = 5, .talking = 5, .streams = 40, .strangers = 30}}));
  CHECK(finding.id == "rtp_without_sip");
  CHECK(finding.what == "30 of 40 RTP streams belong to no SIP heard");
}

TEST_CASE("calls that began before the recorder are strangers without being an alarm") {
  SnapshotStory story;
  const TapSnapshot before = story.now();
  story.passes(minutes(10), {.gauges = {.legs = 5, .talking = 5, .streams = 40, .strangers = 30}});
  CHECK(ids(judged(before, story)).empty());
}

TEST_CASE("a paging announcement, one way and without SIP, is neither deafness nor one direction") {
  Minute paging = quiet_minute();
  paging.rtp = 3000;
  paging.gauges = {.streams = 1, .one_way_streams = 1, .strangers = 1};
  CHECK(ids(after_work(paging)).empty());
}

// ---- one_direction --------------------------------------------------------------------------

TEST_CASE("streams without another direction say that the mirror copies one only") {
  const Finding finding = only(
      after_work({.gauges = {.legs = 22, .talking = 20, .streams = 20, .one_way_streams = 19}}));
  CHECK(finding.id == "one_direction");
  CHECK(finding.what == "19 of 20 RTP streams have no other direction");
  CHECK(has(finding.blame, "source interface X both"));
  CHECK(has(finding.blame, "SIP is heard both ways"));
}

TEST_CASE("requests without responses are tx only, responses without requests rx only") {
  Minute minute;
  minute.gauges.streams = 20;
  minute.gauges.one_way_streams = 20;
  minute.responses = 3;
  const Finding tx = only(after_work(minute));
  CHECK(tx.id == "one_direction");
  CHECK(tx.what ==
        "20 of 20 RTP streams have no other direction, and 140 SIP requests came with 3 responses");
  CHECK(has(tx.blame, "only its tx is"));
  minute.requests = 2;
  minute.responses = 160;
  CHECK(has(only(after_work(minute)).blame, "only its rx is"));
}

TEST_CASE("calls on hold with music, and a phone that does not answer, are not one direction") {
  CHECK(ids(after_work({.gauges = {.talking = 5, .streams = 5, .one_way_streams = 5}})).empty());
  CHECK(ids(after_work({.gauges = {.talking = 20, .streams = 36, .one_way_streams = 10}})).empty());
  Minute dead_phone = quiet_minute();
  dead_phone.requests = 22;  // two INVITEs, each repeated
  dead_phone.responses = 0;
  CHECK(ids(after_work(dead_phone)).empty());
}

// ---- duplicates and tags --------------------------------------------------------------------

TEST_CASE("every packet twice is a notice: halve the load") {
  const Finding finding = only(after_work({.duplicates = 120'300}));
  CHECK(finding.id == "all_duplicates");
  CHECK(finding.severity == Severity::kNotice);
  CHECK(finding.what == "every packet comes 2.0 times; each is recorded once, nothing is lost");
  CHECK(has(finding.blame, "rx"));
}

TEST_CASE("calls between two mirrored ports are duplicates, but not every packet is") {
  CHECK(ids(after_work({.duplicates = 60'000})).empty());
  Minute night = quiet_minute();
  night.duplicates = night.sip;
  CHECK(ids(after_work(night)).empty());
}

TEST_CASE("a second interface that shows the same as the first is named") {
  SnapshotStory story({"eth1", "eth2"});
  const TapSnapshot before = story.now();
  story.passes(minutes(1), Minute{}, {0});
  story.passes(minutes(1), {.rtp = 0, .sip = 0, .duplicates = 120'300}, {1});
  story.source(0).last_frame = story.now().at;
  const Finding finding = only(judged(before, story));
  CHECK(finding.id == "all_duplicates");
  CHECK(finding.blame.starts_with("eth2 shows what another interface shows already"));
}

TEST_CASE("tags that are there no more are a notice") {
  const Finding finding = only(after_work({.tags = false}));
  CHECK(finding.id == "vlan_stripped");
  CHECK(finding.source == "eth1");
  CHECK(finding.severity == Severity::kNotice);
  CHECK(has(finding.what, "though earlier ones had"));
  CHECK(has(finding.blame, "encapsulation replicate"));
}

TEST_CASE("tags on one port and none on the other are a notice; none anywhere are nothing") {
  SnapshotStory story({"eth1", "eth2"});
  const TapSnapshot before = story.now();
  Minute bare;
  bare.tags = false;
  story.passes(seconds(30), Minute{}, {0}).passes(seconds(20), bare, {1});
  const Finding finding = only(judged(before, story));
  CHECK(finding.source == "eth2");
  CHECK(has(finding.what, "though those of eth1 have"));

  SnapshotStory untagged;
  untagged.passes(hours(1), bare);
  const TapSnapshot later = untagged.now();
  untagged.passes(minutes(1), bare);
  CHECK(ids(judged(later, untagged)).empty());
}

}  // namespace
}  // namespace koegura::tools
