// Whether what is heard gets onto the disk and into the archive, as its figures tell.
#include "keeping.h"

#include <doctest/doctest.h>

#include "snapshot_story.h"
#include "watch.h"

namespace koegura::tools {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Timestamp kNow = from_unix_ns(1'795'223'702'000'000'000);
constexpr std::uint64_t kGigabyte = 1'000'000'000;

// An archive of 100 days of 1 GB each, on a disk with room for years.
RecorderView good_day() {
  RecorderView view;
  view.tap.started = kNow - hours(100);
  view.tap.at = kNow;
  view.tap.spool.segments = 2;
  view.tap.spool.bytes = 100'000'000;
  view.tap.spool.sync_s = 0.01;
  view.spool_buffer_bytes = 64'000'000;
  view.spool_bytes_per_s = 1'000'000;
  view.reserve_bytes = kGigabyte;
  view.finisher.seen = 100;
  view.finisher.archived = 99;
  view.finisher.waiting = 1;
  store::ArchiveSummary archive;
  archive.calls = 5000;
  archive.oldest = kNow - hours(24 * 100);
  archive.newest = kNow;
  archive.file_bytes = 100 * kGigabyte;
  archive.disk_free_bytes = 2000 * kGigabyte;
  archive.disk_total_bytes = 3000 * kGigabyte;
  view.archive = archive;
  return view;
}

TEST_CASE("on a good day there is nothing to say") {
  CHECK(judge_keeping(good_day()).empty());
  CHECK(judge_keeping(RecorderView{}).empty());
}

TEST_CASE("a disk that refuses the spool is one alarm: what waits, and how long there is room") {
  RecorderView view = good_day();
  view.tap.spool.refused = true;
  view.tap.spool.last_error = "writing 00000042-rx0.pcapng: No space left on device";
  view.tap.spool.sync_s = 5;
  view.tap.capture.spool.waiting_bytes = 44'000'000;
  Finding finding = only(judge_keeping(view));
  CHECK(finding.id == "spool_refused");
  CHECK(finding.severity == Severity::kAlarm);
  CHECK(finding.what ==
        "the disk refuses the spool (writing 00000042-rx0.pcapng: No space left on device): 44 MB "
        "wait in memory, there is room for 20 MB more, 20 s at this rate, and then packets are "
        "lost");
  view.tap.capture.spool.waiting_bytes = 64'000'000;
  finding = only(judge_keeping(view));
  CHECK(has(finding.what, "there is no room for more: packets are being lost"));
}

TEST_CASE("a slow disk is a notice, and an alarm once half of the memory for it is full") {
  RecorderView view = good_day();
  view.tap.spool.sync_s = 1.5;
  Finding finding = only(judge_keeping(view));
  CHECK(finding.id == "slow_disk");
  CHECK(finding.severity == Severity::kNotice);
  CHECK(has(finding.what, "took 1.5 s for its last sync"));
  view.tap.capture.spool.waiting_bytes = 33'000'000;
  finding = only(judge_keeping(view));
  CHECK(finding.severity == Severity::kAlarm);
  CHECK(has(finding.what, "room for 31 MB more"));
}

TEST_CASE("a directory that cannot be read is a notice: calls go on with the last good one") {
  RecorderView view = good_day();
  view.archive->directory_problem = "/archive/directory.csv cannot be read, line 12";
  const Finding finding = only(judge_keeping(view));
  CHECK(finding.id == "directory_unreadable");
  CHECK(finding.severity == Severity::kNotice);
  CHECK(has(finding.what, "/archive/directory.csv cannot be read, line 12: calls are archived"));
  CHECK(has(finding.blame, "koegura directory list"));
}

TEST_CASE(
    "a ledger that is not what was signed is an alarm, one that waits for its disk a notice") {
  RecorderView view = good_day();
  view.archive->ledger_problem = "the ledger /archive/ledger: its head is missing";
  Finding finding = only(judge_keeping(view));
  CHECK(finding.id == "ledger_behind");
  CHECK(finding.severity == Severity::kNotice);
  view.archive->ledger_refused = true;
  finding = only(judge_keeping(view));
  CHECK(finding.id == "ledger_refused");
  CHECK(finding.severity == Severity::kAlarm);
  CHECK(has(finding.what, "its head is missing. Calls are archived without it"));
}

TEST_CASE("an index that is being rebuilt is one alarm: how far it is, what waits, and why not") {
  RecorderView view = good_day();
  view.rebuild = store::IndexRebuild{.damage = "a table"};
  view.finisher.index_refusal = "the index is being rebuilt";
  view.finisher.waiting = 12;
  Finding finding = only(judge_keeping(view));
  CHECK(finding.id == "index_rebuilding");
  CHECK(finding.severity == Severity::kAlarm);
  CHECK(has(finding.what, "from the call files: they are being counted; no call can be found"));
  view.rebuild->done = 1200;
  view.rebuild->total = 5000;
  finding = only(judge_keeping(view));
  CHECK(finding.what ==
        "the index is damaged, and is being rebuilt from the call files: 1,200 of 5,000 read; no "
        "call can be found until then, and 12 calls wait, safe in the spool (100 MB)");
  CHECK(has(finding.blame, "what waits is archived by itself then"));
  view.rebuild->refusal = "disk full: 3 MB are free";
  finding = only(judge_keeping(view));
  CHECK(has(finding.what, "cannot be rebuilt yet: disk full: 3 MB are free; no call"));
  CHECK(has(finding.blame, "tried again each minute"));
  view.rebuild->refusal.clear();
  view.rebuild->is_over = true;
  CHECK(judge_keeping(view).empty());
}

TEST_CASE("files that a rebuild could not read stay an alarm") {
  RecorderView view = good_day();
  view.rebuild = store::IndexRebuild{.done = 5000,
                                     .total = 5000,
                                     .is_over = true,
                                     .problems = 2,
                                     .first_problem = "/archive/calls/x.mka: cut off"};
  const Finding finding = only(judge_keeping(view));
  CHECK(finding.id == "index_incomplete");
  CHECK(finding.severity == Severity::kAlarm);
  CHECK(has(finding.what,
            "2 files could not be read when the index was rebuilt, the first: "
            "/archive/calls/x.mka: cut off"));
  CHECK(has(finding.blame, "koegura reindex"));
}

TEST_CASE("a full disk is one alarm that says what waits, and that nothing is deleted") {
  RecorderView view = good_day();
  view.finisher.disk_refusal = "/archive: 0 B free, and 1 GB must stay free";
  view.finisher.waiting = 12;
  view.archive->disk_free_bytes = 0;
  const Finding finding = only(judge_keeping(view));
  CHECK(finding.id == "disk_full");
  CHECK(finding.severity == Severity::kAlarm);
  CHECK(finding.what ==
        "nothing is archived: /archive: 0 B free, and 1 GB must stay free; 12 calls wait, safe in "
        "the spool (100 MB)");
  CHECK(has(finding.blame, "Nothing archived is ever deleted"));
}

TEST_CASE(
    "a disk that will be full is told weeks ahead, without its reserve, and is an alarm at last") {
  RecorderView view = good_day();
  view.archive->disk_free_bytes = 31 * kGigabyte;
  CHECK(judge_keeping(view).empty());
  view.archive->disk_free_bytes = 30 * kGigabyte;
  Finding finding = only(judge_keeping(view));
  CHECK(finding.id == "disk_filling");
  CHECK(finding.severity == Severity::kNotice);
  CHECK(has(finding.what, "full in about 29 days: 30 GB free, 1.0 GB a day"));
  view.archive->disk_free_bytes = 7 * kGigabyte;
  CHECK(only(judge_keeping(view)).severity == Severity::kAlarm);
  view.archive->disk_free_bytes = kGigabyte / 2;
  finding = only(judge_keeping(view));
  CHECK(has(finding.what, "full in about 0 days"));
}

TEST_CASE("calls that could not be archived are an alarm until the next start tries them again") {
  RecorderView view = good_day();
  view.finisher.failed = 2;
  view.finisher.first_error = "rendering call X: no memory";
  const Finding finding = only(judge_keeping(view));
  CHECK(finding.id == "calls_failed");
  CHECK(finding.what == "2 calls could not be archived, the first: rendering call X: no memory");
  CHECK(has(finding.blame, "kept in the spool"));
}

TEST_CASE("an outage is told for a day after the start, with its begin and end") {
  RecorderView view = good_day();
  view.tap.started = kNow - hours(23);
  view.tap.recovery.from = view.tap.started - minutes(3);
  const Finding finding = only(judge_keeping(view));
  CHECK(finding.id == "recovered");
  CHECK(finding.severity == Severity::kNotice);
  CHECK(finding.since == view.tap.started);
  CHECK(has(finding.what, "nothing was recorded from "));
  view.tap.started = kNow - hours(25);
  CHECK(judge_keeping(view).empty());
}

TEST_CASE("a clock that was set is told for ten minutes, by how much and that no call minds") {
  RecorderView view = good_day();
  view.tap.clock_steps = {{.at = kNow - hours(3), .by = seconds(9)},
                          {.at = kNow - minutes(9), .by = -seconds(3600)}};
  const Finding finding = only(judge_keeping(view));
  CHECK(finding.id == "clock");
  CHECK(finding.severity == Severity::kNotice);
  CHECK(finding.what.starts_with("the clock was set back by 3600.0 s, to "));
  CHECK(finding.since == kNow - minutes(9));
  view.tap.at += minutes(2);
  CHECK(judge_keeping(view).empty());
}

TEST_CASE("what of the spool could not be read is named") {
  RecorderView view = good_day();
  view.tap.started = kNow - hours(1);
  view.tap.recovery.damaged_bytes = 4096;
  view.tap.recovery.problems = {"a: cut off", "b: no pcapng", "c: cut off"};
  const Finding finding = only(judge_keeping(view));
  CHECK(finding.id == "spool_damaged");
  CHECK(finding.what ==
        "4.1 kB of the spool could not be read at the start: a: cut off; b: no pcapng");
}

TEST_CASE("a damaged call is an alarm that names the first file") {
  RecorderView view = good_day();
  view.scrub.set_damaged(3);
  DamagedCall& first = *view.scrub.add_damaged_calls();
  first.set_path("calls/2026/11/21/x.mka");
  first.set_why("its audio is not what was archived");
  const Finding finding = only(judge_keeping(view));
  CHECK(finding.id == "damaged_calls");
  CHECK(finding.what ==
        "3 archived calls cannot be read as archived, the first: calls/2026/11/21/x.mka: its audio "
        "is not what was archived");
}

TEST_CASE("what is wrong with the disk begins once in the log, and ends once") {
  Watch watch{HearingOptions{}};
  SnapshotStory story;
  std::string log;
  const auto look = [&](bool refused) {
    story.passes(seconds(5), Minute{});
    RecorderView view = good_day();
    view.tap.spool.refused = refused;
    for (const Change& change : watch.on_snapshot(story.now(), judge_keeping(view))) {
      log += (change.begun ? "+" : "-") + change.finding.id + ' ';
    }
  };
  look(true);
  CHECK(log == "+spool_refused ");
  for (int i = 0; i < 10; ++i) look(i % 2 == 0);
  CHECK(log == "+spool_refused ");
  for (int i = 0; i < 15; ++i) look(false);
  CHECK(log == "+spool_refused -spool_refused ");
}

}  // namespace
}  // namespace koegura::tools
