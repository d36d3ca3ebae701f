// What a recorder tells the ledger beside its calls, and how people read it.
#include "ledger_events.h"

#include <doctest/doctest.h>

#include "../store/watched_archive.h"
#include "json.h"
#include "ledger_text.h"
#include "time_text.h"

namespace koegura::tools {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Timestamp kNow = from_unix_ns(1'795'223'702'000'000'000);
constexpr Duration kOffset = hours(3);  // of the wall clock to the capture's

class NotingArchive : public store::WatchedArchive {
 public:
  NotingArchive() : WatchedArchive({}) {}
  void note(const LedgerEntry& entry) override { notes.push_back(entry); }
  std::vector<LedgerEntry> notes;
};

RecorderView running_since(Duration time) {
  RecorderView view;
  view.tap.started = kNow;
  view.tap.at = kNow + time;
  view.tap.wall_offset = kOffset;
  return view;
}

Change alarm(bool begun) {
  Finding finding;
  finding.id = "no_frames";
  finding.source = "eth1";
  finding.since = kNow + minutes(5);
  return {.begun = begun, .finding = finding, .at = kNow + minutes(9)};
}

TEST_CASE("an alarm is an outage: when it began, and once more with its end") {
  NotingArchive archive;
  LedgerEvents events(archive);
  events.on_judgement(running_since(minutes(6)), {alarm(true)});
  events.on_judgement(running_since(minutes(9)), {alarm(false)});
  REQUIRE(archive.notes.size() == 2);
  for (const LedgerEntry& entry : archive.notes) {
    CHECK(entry.kind() == "outage");
    CHECK(entry.reason() == "no_frames");
    CHECK(entry.sources(0) == "eth1");
    CHECK(time_of(entry.from()) == kNow + minutes(5) + kOffset);
  }
  CHECK_FALSE(archive.notes[0].has_to());
  CHECK(time_of(archive.notes[1].to()) == kNow + minutes(9) + kOffset);
}

TEST_CASE("a notice loses no call, and is no outage") {
  NotingArchive archive;
  LedgerEvents events(archive);
  Change change = alarm(true);
  change.finding.severity = Severity::kNotice;
  events.on_judgement(running_since(minutes(6)), {change});
  CHECK(archive.notes.empty());
}

TEST_CASE("a step of the clock is told once, and the next one when it comes") {
  NotingArchive archive;
  LedgerEvents events(archive);
  RecorderView view = running_since(minutes(1));
  view.tap.clock_steps = {{.at = kNow + seconds(10), .by = seconds(90)}};
  events.on_judgement(view, {});
  events.on_judgement(view, {});
  REQUIRE(archive.notes.size() == 1);
  CHECK(archive.notes[0].kind() == "clock-step");
  CHECK(archive.notes[0].by_s() == 90);
  view.tap.clock_steps.push_back({.at = kNow + seconds(50), .by = -hours(1)});
  events.on_judgement(view, {});
  REQUIRE(archive.notes.size() == 2);
  CHECK(archive.notes[1].by_s() == -3600);
  CHECK(time_of(archive.notes[1].from()) == kNow + seconds(50) + kOffset);
}

TEST_CASE("the time between a kill and the next start is an outage, once all of it is read") {
  NotingArchive archive;
  LedgerEvents events(archive);
  RecorderView view = running_since(seconds(1));
  view.tap.recovery.from = kNow - minutes(20);
  view.tap.recovery.is_done = false;
  events.on_judgement(view, {});
  CHECK(archive.notes.empty());
  view.tap.recovery.is_done = true;
  events.on_judgement(view, {});
  events.on_judgement(view, {});
  REQUIRE(archive.notes.size() == 1);
  CHECK(archive.notes[0].reason() == "not_running");
  CHECK(time_of(archive.notes[0].from()) == kNow - minutes(20) + kOffset);
  CHECK(time_of(archive.notes[0].to()) == kNow + kOffset);
}

TEST_CASE("each hour has its accounting, however often it is judged") {
  NotingArchive archive;
  LedgerEvents events(archive);
  RecorderView view = running_since(seconds(0));
  view.finisher.seen = 7;
  view.finisher.archived = 7;
  for (int minute = 0; minute <= 200; ++minute) {
    view.tap.at = kNow + minutes(minute);
    events.on_judgement(view, {});
  }
  REQUIRE(archive.notes.size() == 3);
  CHECK(archive.notes[2].kind() == "accounting");
  CHECK(json_of(archive.notes[2]).find(R"({"name":"calls_archived","value":7})") !=
        std::string::npos);
}

TEST_CASE("the figures of an accounting are those of its sums, without what is 0") {
  Accounting accounting;
  accounting.mutable_frames()->set_received(12);
  accounting.mutable_frames()->set_rtp(8);
  (*accounting.mutable_frames()->mutable_malformed())["sip_truncated"] = 1;
  (*accounting.mutable_frames()->mutable_dropped())["spool full"] = 3;
  accounting.mutable_calls()->set_seen(2);
  accounting.mutable_calls()->set_failed(2);
  const LedgerEntry entry = accounting_entry("stop", accounting);
  std::string text;
  for (const LedgerFigure& figure : entry.figures()) {
    text += figure.name() + " " + std::to_string(static_cast<int>(figure.value())) + "; ";
  }
  CHECK(text ==
        "frames_received 12; frames_rtp 8; frames_malformed_sip_truncated 1; "
        "frames_dropped_spool full 3; calls_seen 2; calls_failed 2; ");
}

TEST_CASE("an entry is a line for people") {
  LedgerEntry entry = start_entry({"eth1", "eth2"});
  entry.set_sequence(1234567);
  set_time(*entry.mutable_time(), kNow);
  entry.set_who("koegura");
  CHECK(ledger_line(entry).starts_with("1234567  " + local_time(kNow) +
                                       "  start       koegura   eth1, eth2, koegura "));
  entry = LedgerEntry();
  set_time(*entry.mutable_time(), kNow);
  entry.set_kind("archived");
  entry.set_who("root");
  entry.set_call("01KAJ");
  entry.set_adopted(true);
  CHECK(ledger_line(entry) == "      0  " + local_time(kNow) +
                                  "  archived    root      01KAJ, was there before its entry");
  entry.Clear();
  entry.set_kind("clock-step");
  entry.set_by_s(-1.5);
  CHECK(ledger_line(entry).ends_with("-1.500 s"));
  entry.Clear();
  entry.set_kind("\x1b[31m");  // of a later version, or of somebody else
  CHECK(ledger_line(entry).find('\x1b') == std::string::npos);
}

}  // namespace
}  // namespace koegura::tools
