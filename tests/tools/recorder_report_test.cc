#include "recorder_report.h"

#include <doctest/doctest.h>

#include "accounting_report.h"
#include "json.h"
#include "status_report.h"

namespace koegura::tools {
namespace {

using capture::Outcome;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Timestamp kNow = from_unix_ns(1'795'223'702'000'000'000);

capture::SourceSnapshot source(const std::string& name, std::uint64_t packets) {
  capture::SourceSnapshot snapshot;
  snapshot.name = name;
  snapshot.accounting.received = packets;
  snapshot.accounting.count(Outcome::kRtp, packets - 10);
  snapshot.accounting.count(Outcome::kSip, 7);
  snapshot.bytes = packets * 214;
  snapshot.last_frame = kNow - milliseconds(250);
  return snapshot;
}

capture::LiveCall live_call(const std::string& id, std::uint64_t packets) {
  capture::LiveCall call;
  call.call_id = id;
  call.caller.user = "0312345678";
  call.caller.uri = "sip:0312345678@example.jp";
  call.callee.user = "2301";
  call.start = kNow - seconds(65);
  call.streams = 2;
  call.packets = packets;
  return call;
}

RecorderView view_of_two_sources() {
  RecorderView view;
  view.tap.started = kNow - hours(30);
  view.tap.at = kNow;
  view.tap.sources = {source("eth1", 1000), source("eth2", 500)};
  view.tap.sources[1].losses = {.ring = 3, .interface = 4};
  view.tap.hearing.legs = 3;
  view.tap.hearing.talking = 2;
  view.tap.hearing.streams = 4;
  view.tap.hearing.last_sip = kNow;
  view.tap.hearing.last_rtp = kNow;
  view.tap.calls = {live_call("a", 1000)};
  view.finisher.seen = 10;
  view.finisher.archived = 6;
  view.finisher.already_there = 1;
  view.finisher.failed = 1;
  view.finisher.waiting = 2;
  view.finisher.first_error = "x";
  return view;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

bool has(const std::string& text, const std::string& part) {
  INFO(text);
  CHECK_MESSAGE(text.find(part) != std::string::npos, part);
  return text.find(part) != std::string::npos;
}

TEST_CASE("each source's frames add up, with those that are pending") {
  const RecorderStatus status = recorder_status(view_of_two_sources());
  REQUIRE(status.sources_size() == 2);
  CHECK(status.sources(0).frames().received() == 1000);
  CHECK(status.sources(0).frames().pending() == 3);
  CHECK(status.sources(1).lost_ring() == 3);
  CHECK(status.sources(1).lost_interface() == 4);
  CHECK(status.frames().received() == 1500);
  CHECK(status.frames().rtp() == 1480);
  CHECK(status.frames().pending() == 6);
  Accounting accounting;
  *accounting.mutable_frames() = status.frames();
  *accounting.mutable_calls() = status.calls();
  CHECK(imbalance(accounting).empty());
  CHECK(accounting_lines(accounting).front() ==
        "frames received 1,500 = sip 14 + rtp 1,480 + pending 6");
}

TEST_CASE("figures of two moments never make a huge number of pending frames") {
  RecorderView view = view_of_two_sources();
  view.tap.sources[0].accounting.received = 0;
  const RecorderStatus status = recorder_status(view);
  CHECK(status.sources(0).frames().pending() == 0);
}

TEST_CASE("calls in progress, and those that wait, are seen") {
  const RecorderStatus status = recorder_status(view_of_two_sources());
  CHECK(status.calls().seen() == 13);
  CHECK(status.calls().waiting() == 2);
  CHECK(status.calls().in_progress() == 3);
}

TEST_CASE("what never happened is absent") {
  const RecorderStatus status = recorder_status(RecorderView{});
  CHECK_FALSE(status.hearing().has_last_sip());
  CHECK_FALSE(status.hearing().has_last_rtp());
  CHECK(hearing_text(status.hearing()) == "neither SIP nor RTP yet");
}

TEST_CASE("text from the wire cannot steer a terminal") {
  RecorderView view = view_of_two_sources();
  view.tap.calls[0].caller.display_name = "\x1b[2J\xff";
  view.tap.calls[0].callee.user = "\x1b]0;x\x07";
  view.findings.push_back({.id = "a", .source = "\x1b", .what = "\n", .blame = "\r", .since = {}});
  view.tap.spool.last_error = "\x1b[31m";
  view.tap.recovery.segments = 1;
  view.tap.recovery.problems = {"\x1b[1m"};
  view.finisher.disk_refusal = "\x1b[0m";
  const std::string json = json_of(top_snapshot(view, "JP"));
  CHECK(json.find("\\u001b") == std::string::npos);
  CHECK(json.find("\xEF\xBF\xBD") != std::string::npos);
  TopSnapshot back;
  CHECK(parse_json(json, back));
}

TEST_CASE("a live call's numbers are those that its record will have") {
  const TopSnapshot snapshot = top_snapshot(view_of_two_sources(), "JP");
  REQUIRE(snapshot.calls_size() == 1);
  CHECK(snapshot.calls(0).caller().number() == "+81312345678");
  CHECK(snapshot.calls(0).callee().number() == "2301");
  CHECK(snapshot.calls(0).duration_s() == 65);
  CHECK_FALSE(snapshot.calls(0).has_answered());
}

TEST_CASE("rates are what came between two looks, by the recorder's clock") {
  RecorderView view = view_of_two_sources();
  const TopSnapshot before = top_snapshot(view, "JP");
  view.tap.at += seconds(2);
  view.tap.sources[0] = source("eth1", 1200);
  view.tap.sources[1].losses.ring += 10;
  view.tap.calls[0].packets += 200;
  capture::LiveCall fresh = live_call("b", 50);
  fresh.start = kNow + seconds(1);
  capture::LiveCall reappeared = live_call("c", 50'000);
  view.tap.calls.push_back(fresh);
  view.tap.calls.push_back(reappeared);
  TopSnapshot now = top_snapshot(view, "JP");
  set_rates(before, now);
  CHECK(now.recorder().sources(0).packets_per_s() == 100);
  CHECK(now.recorder().sources(0).bits_per_s() == 100 * 214 * 8);
  CHECK(now.recorder().sources(1).packets_per_s() == 0);
  CHECK(now.recorder().sources(1).lost_per_s() == 5);
  CHECK(now.outcomes_per_s().at("rtp") == 100);
  CHECK(now.calls(0).packets_per_s() == 100);
  CHECK(now.calls(1).packets_per_s() == 50);
  CHECK(now.calls(2).packets_per_s() == 0);
}

TEST_CASE("a counter that began anew, and a look at the same moment, give no rate") {
  RecorderView view = view_of_two_sources();
  const TopSnapshot before = top_snapshot(view, "JP");
  TopSnapshot same = before;
  set_rates(before, same);
  CHECK(same.recorder().sources(0).packets_per_s() == 0);
  view.tap.at += seconds(1);
  view.tap.sources[0] = source("eth1", 20);
  TopSnapshot restarted = top_snapshot(view, "JP");
  set_rates(before, restarted);
  CHECK(restarted.recorder().sources(0).packets_per_s() == 0);
}

TEST_CASE("status says since when, what is heard, and that nothing is lost") {
  RecorderView view = view_of_two_sources();
  view.tap.sources[1].losses = {};
  view.finisher.failed = 0;
  view.finisher.waiting = 3;
  const std::string text = joined(recorder_lines(recorder_status(view), kNow));
  has(text, "recorder    running for 1 day 6:00:00, since ");
  has(text, "hearing     SIP and RTP: 4 RTP streams now, 3 calls in progress, 2 talking");
  has(text, "losing      nothing since the start");
  has(text, "eth1        frames received 1,000 = sip 7 + rtp 990 + pending 3");
  has(text, "last frame 0.2 s ago");
  has(text, "this run    calls seen 13 = archived 6 + already there 1 + in progress 3 + waiting 3");
}

TEST_CASE(
    "status says how packets come to the archive, and nothing where there is nothing to say") {
  RecorderView view = view_of_two_sources();
  view.finisher.waiting = 0;
  std::string text = joined(recorder_lines(recorder_status(view), kNow));
  for (const char* label : {"recover", "spool ", "backlog", "scrub", "clock", "threads"}) {
    CHECK_MESSAGE(text.find(label) == std::string::npos, label);
  }

  view.tap.spool.segments = 2;
  view.tap.spool.bytes = 64'000'000;
  view.tap.spool.sync_s = 0.004;
  view.tap.spool.slowest_sync_s = 0.25;
  view.finisher.waiting = 12;
  view.finisher.busiest = seconds(70);
  text = joined(recorder_lines(recorder_status(view), kNow));
  has(text, "spool       2 segments, 64 MB; synced in 0.00 s, the slowest 0.25 s\n");
  has(text, "backlog     12 calls wait to be archived, one has been in work for 70 s");

  view.tap.spool.refused = true;
  view.tap.capture.spool.waiting_bytes = 5'000'000;
  view.spool_buffer_bytes = 64'000'000;
  view.finisher.disk_refusal = "the disk is full";
  view.tap.clock_steps = {{.at = kNow - hours(1), .by = -seconds(5)}};
  view.pulses = {{.thread = "rx0", .age = seconds(12), .limit = seconds(10)},
                 {.thread = "sip", .age = seconds(1), .limit = seconds(10)}};
  text = joined(recorder_lines(recorder_status(view), kNow));
  has(text, "; 5.0 MB of 64 MB wait in memory: the disk refuses them");
  has(text, "in work for 70 s: the disk is full");
  view.finisher.disk_refusal = "";
  view.finisher.index_refusal = "3 of 4 call files read";
  text = joined(recorder_lines(recorder_status(view), kNow));
  has(text, "in work for 70 s: 3 of 4 call files read");
  has(text, "clock       set back by 5.000 s at ");
  has(text, "threads     rx0 is stuck: silent for 12 s");
  CHECK(text.find("sip is stuck") == std::string::npos);
}

TEST_CASE(
    "after the clock was set, times are on the clock as it is now, and lengths are as they were") {
  RecorderView view = view_of_two_sources();
  view.tap.wall_offset = hours(2);
  view.findings.push_back({.id = "a", .source = "", .what = "", .blame = "", .since = kNow});
  const TopSnapshot snapshot = top_snapshot(view, "JP");
  const RecorderStatus& status = snapshot.recorder();
  CHECK(time_of(status.at()) == kNow + hours(2));
  CHECK(time_of(status.sources(0).last_frame()) == kNow + hours(2) - milliseconds(250));
  CHECK(time_of(status.hearing().last_sip()) == kNow + hours(2));
  CHECK(time_of(status.findings(0).since()) == kNow + hours(2));
  CHECK(time_of(snapshot.calls(0).start()) == kNow + hours(2) - seconds(65));
  CHECK(snapshot.calls(0).duration_s() == 65);
  CHECK(status.uptime_s() == 30 * 3600);
}

TEST_CASE("status says what the start found in the spool, and when it was away") {
  RecorderView view = view_of_two_sources();
  capture::RecoverySnapshot& recovery = view.tap.recovery;
  recovery.is_done = false;
  recovery.segments = 3;
  recovery.bytes = 128'000'000;
  std::string text = joined(recorder_lines(recorder_status(view), kNow));
  has(text, "recovering  reading what the last recorder left in the spool: 3 segments, 128 MB");
  recovery.is_done = true;
  recovery.packets = 560'000;
  recovery.legs = 2;
  recovery.seconds = 1.5;
  recovery.from = view.tap.started - seconds(90);
  recovery.damaged_bytes = 17;
  recovery.problems = {"00000042-rx0.pcapng: at 4096: cut off"};
  text = joined(recorder_lines(recorder_status(view), kNow));
  has(text, "recovered   3 segments, 128 MB, 560,000 packets in 1.5 s; 2 calls went on");
  has(text, "nothing was recorded from ");
  has(text, "17 B could not be read");
  has(text, "00000042-rx0.pcapng: at 4096: cut off");
}

TEST_CASE("status names the limits that were met, and none that were not") {
  RecorderView view = view_of_two_sources();
  CHECK(recorder_status(view).limits_size() == 0);
  CHECK(joined(recorder_lines(recorder_status(view), kNow)).find("limits") == std::string::npos);

  view.tap.capture.limits.legs = 1234;
  view.tap.capture.limits.tcp_connections = 1;
  view.tap.capture.messages_lost = 3;
  const RecorderStatus status = recorder_status(view);
  REQUIRE(status.limits_size() == 2);
  CHECK(status.limits(0).name() == "legs");
  CHECK(status.limits(0).setting() == "signalling.max_legs");
  CHECK(status.limits(0).hits() == 1234);
  CHECK(status.limits(0).lost());
  CHECK_FALSE(status.limits(1).lost());
  CHECK(status.messages_lost() == 3);
  const std::string text = joined(recorder_lines(status, kNow));
  has(text,
      "limits      1,234 SIP messages of calls that could not be followed "
      "(signalling.max_legs)\n"
      "            1 TCP connection forgotten for newer ones (tcp.max_connections)\n");
  has(text, "3 SIP messages over TCP dropped between the recorder's threads");
}

TEST_CASE("status says how far the archive was read again, and what of it is damaged") {
  RecorderView view = view_of_two_sources();
  set_time(*view.scrub.mutable_began(), kNow - hours(1));
  view.scrub.set_calls(1234);
  std::string text = joined(recorder_lines(recorder_status(view), kNow));
  has(text, "scrub       first pass, 1,234 calls read again");
  set_time(*view.scrub.mutable_last_pass_ended(), kNow - hours(2));
  view.scrub.set_damaged(2);
  text = joined(recorder_lines(recorder_status(view), kNow));
  has(text, "scrub       every call was read again by ");
  has(text, "; 2 damaged");
}

TEST_CASE("status names every loss, and every finding with what to change") {
  RecorderView view = view_of_two_sources();
  view.tap.sources[0].error = "the interface went down";
  view.tap.sources[0].accounting.count(capture::Drop::kSpoolFull, 2);
  view.findings.push_back({.id = "no_sip",
                           .source = "eth1",
                           .severity = Severity::kAlarm,
                           .what = "no SIP for 30 minutes",
                           .blame = "mirror the port of the PBX too",
                           .since = kNow - hours(1)});
  view.tap.spool.last_error = "No space left on device";
  const std::string text = joined(recorder_lines(recorder_status(view), kNow));
  has(text, "ALARM eth1: no SIP for 30 minutes, since 20");
  has(text, "mirror the port of the PBX too");
  has(text, "eth2: 3 frames lost in the ring");
  has(text, "eth2: 4 frames lost by the card");
  has(text, "eth1: 2 frames dropped");
  has(text, "eth1: the interface went down");
  has(text, "1 call failed, the first: x");
  has(text, "No space left on device");
}

TEST_CASE("an archive's summary survives the way through the status") {
  store::ArchiveSummary summary;
  summary.calls = 2'000'001;
  summary.oldest = kNow - hours(24 * 10);
  summary.newest = kNow;
  summary.file_bytes = 123'456'789'012;
  summary.disk_free_bytes = 5;
  summary.disk_total_bytes = 7;
  const Status status = status_of("/x", summary);
  CHECK(status.bytes_per_day() == doctest::Approx(12'345'678'901.2));
  const store::ArchiveSummary back = summary_of(status);
  CHECK(back.calls == summary.calls);
  CHECK(back.oldest == summary.oldest);
  CHECK(back.newest == summary.newest);
  CHECK(back.file_bytes == summary.file_bytes);
  CHECK(back.disk_free_bytes == summary.disk_free_bytes);
  CHECK(back.disk_total_bytes == summary.disk_total_bytes);
}

TEST_CASE("of an archive whose index is being rebuilt, status tells the disk, and no figures") {
  store::ArchiveSummary summary;
  summary.disk_free_bytes = 5;
  summary.disk_total_bytes = 7;
  summary.index_problem = "archive /x: the index is damaged, and is being rebuilt";
  const Status status = status_of("/x", summary);
  CHECK(summary_of(status).index_problem == summary.index_problem);
  const std::string text = joined(archive_lines(status));
  has(text, "calls       archive /x: the index is damaged, and is being rebuilt");
  has(text, "disk        5 B free of 7 B");
  CHECK(text.find("size") == std::string::npos);
  CHECK(text.find("days left") == std::string::npos);
}

}  // namespace
}  // namespace koegura::tools
