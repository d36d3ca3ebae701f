#include "watch.h"

#include <doctest/doctest.h>

#include "snapshot_story.h"

namespace koegura::tools {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// A recorder that asks its watch every five seconds; `log` has what began and ended, with the
// second it was told.
struct Recorder {
  SnapshotStory story;
  Watch watch{HearingOptions{}};
  std::vector<Change> changes;

  void goes_on(Duration length, const Minute& minute, bool frames = true) {
    for (Duration passed{}; passed < length; passed += seconds(5)) {
      story.passes(seconds(5), minute,
                   frames ? std::vector<std::size_t>{0} : std::vector<std::size_t>{});
      for (Change& change : watch.on_snapshot(story.now())) changes.push_back(std::move(change));
    }
  }
  std::string log() const {
    std::string text;
    for (const Change& change : changes) {
      text += (text.empty() ? "" : " ") + std::string(change.begun ? "+" : "-") +
              change.finding.id + '@' +
              std::to_string(std::chrono::duration_cast<seconds>(change.at - begin).count());
    }
    return text;
  }

  Timestamp begin = SnapshotStory().now().started;
};

Minute five_seconds() {
  return {.rtp = 10'000, .sip = 25, .other = 40, .requests = 12, .responses = 13};
}

TEST_CASE("an ordinary day says nothing, and keeps a bounded number of snapshots") {
  Recorder recorder;
  recorder.goes_on(minutes(60), five_seconds());
  CHECK(recorder.log().empty());
  CHECK(recorder.watch.findings().empty());
}

TEST_CASE("a pulled cable is told once after a minute, and its end once, at once") {
  Recorder recorder;
  recorder.goes_on(minutes(20), five_seconds());
  Minute silence = quiet_minute();
  silence.sip = silence.requests = silence.responses = 0;
  recorder.goes_on(minutes(5), silence, false);
  CHECK(recorder.log() == "+no_frames@1260");
  REQUIRE(recorder.watch.findings().size() == 1);
  CHECK(recorder.watch.findings()[0].since == recorder.begin + minutes(20));
  CHECK(recorder.watch.findings()[0].what.find("for 5 min") != std::string::npos);
  recorder.goes_on(minutes(5), five_seconds());
  CHECK(recorder.log() == "+no_frames@1260 -no_frames@1505");
  CHECK(recorder.watch.findings().empty());
}

TEST_CASE("a burst of losses is one alarm, over ten minutes after the last of them") {
  Recorder recorder;
  recorder.goes_on(minutes(20), five_seconds());
  for (int burst = 0; burst < 3; ++burst) {
    recorder.story.source().losses.ring += 5000;
    recorder.goes_on(minutes(4), five_seconds());
  }
  CHECK(recorder.log() == "+ring_losses@1205");
  recorder.goes_on(minutes(10), five_seconds());
  // the last burst was seen at 1685; the stretch's begin moves on every 20 s
  REQUIRE(recorder.changes.size() == 2);
  CHECK_FALSE(recorder.changes[1].begun);
  CHECK(recorder.changes[1].at >= recorder.begin + seconds(1685 + 600));
  CHECK(recorder.changes[1].at <= recorder.begin + seconds(1685 + 625));
}

TEST_CASE("a notice that turns into an alarm begins again as one, and stays it") {
  Recorder recorder;
  recorder.goes_on(minutes(20), five_seconds());
  recorder.story.source().losses.ring = 1;
  recorder.goes_on(minutes(1), five_seconds());
  REQUIRE(recorder.changes.size() == 1);
  CHECK(recorder.changes[0].finding.severity == Severity::kNotice);
  recorder.story.source().losses.ring = 90'000;
  recorder.goes_on(minutes(5), five_seconds());
  REQUIRE(recorder.changes.size() == 2);
  CHECK(recorder.changes[1].begun);
  CHECK(recorder.changes[1].finding.severity == Severity::kAlarm);
  CHECK(recorder.changes[1].finding.since == recorder.changes[0].finding.since);
}

TEST_CASE(
    "calls that are unheard for ten seconds are no alarm; for long, one that pauses do not end") {
  Recorder recorder;
  recorder.goes_on(minutes(20), five_seconds());
  Minute unheard = five_seconds();
  unheard.gauges = {.legs = 4, .talking = 4, .unheard = 4};
  recorder.goes_on(seconds(10), unheard);
  recorder.goes_on(minutes(1), five_seconds());
  CHECK(recorder.log().empty());
  for (int call = 0; call < 5; ++call) {
    recorder.goes_on(minutes(2), unheard);
    Minute pause = quiet_minute();
    recorder.goes_on(minutes(6), pause);
  }
  CHECK(recorder.log() == "+sip_without_rtp@1290");
  recorder.goes_on(minutes(5), five_seconds());
  REQUIRE(recorder.changes.size() == 2);
  CHECK_FALSE(recorder.changes[1].begun);
}

}  // namespace
}  // namespace koegura::tools
