#include "top_screen.h"

#include <doctest/doctest.h>

#include <clocale>

#include "json.h"
#include "text_width.h"

namespace koegura::tools {
namespace {

const bool kUtf8 = std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr;

constexpr Timestamp kNow = from_unix_ns(1'795'223'702'000'000'000);

void add_call(TopSnapshot& snapshot, const std::string& caller, int age_s, double packets_per_s) {
  CallInProgress& call = *snapshot.add_calls();
  call.mutable_caller()->set_number(caller);
  call.mutable_callee()->set_number("2301");
  set_time(*call.mutable_start(), kNow - std::chrono::seconds(age_s));
  if (age_s > 5) set_time(*call.mutable_answered(), kNow - std::chrono::seconds(age_s - 5));
  call.set_duration_s(age_s);
  call.set_streams(2);
  call.set_packets_per_s(packets_per_s);
}

TopSnapshot quiet() {
  TopSnapshot snapshot;
  RecorderStatus& recorder = *snapshot.mutable_recorder();
  set_time(*recorder.mutable_at(), kNow);
  recorder.set_uptime_s(3661);
  SourceStatus& source = *recorder.add_sources();
  source.set_name("eth1");
  source.set_packets_per_s(12'345);
  source.set_bits_per_s(21'100'000);
  (*snapshot.mutable_outcomes_per_s())["rtp"] = 12'300;
  (*snapshot.mutable_outcomes_per_s())["sip"] = 0.4;
  return snapshot;
}

TopSnapshot busy() {
  TopSnapshot snapshot = quiet();
  add_call(snapshot, "+81312345678", 3, 50);
  add_call(snapshot, "+81451230000", 65, 100);
  add_call(snapshot, "+819012345678", 30, 99);
  snapshot.mutable_recorder()->mutable_calls()->set_in_progress(3);
  return snapshot;
}

std::string text_of(const std::vector<ScreenLine>& lines) {
  std::string text;
  for (const ScreenLine& line : lines) text += plain_text(line) + '\n';
  return text;
}

// The colour in which this text stands; plain if it is not there.
Colour colour_of(const std::vector<ScreenLine>& lines, const std::string& part) {
  for (const ScreenLine& line : lines) {
    for (const ColouredText& text : line) {
      if (text.text.find(part) != std::string::npos) return text.colour;
    }
  }
  FAIL(part << " is not in\n" << text_of(lines));
  return Colour::kPlain;
}

std::vector<std::string> callers(const TopSnapshot& snapshot, TopSort sort) {
  TopLayout layout;
  layout.sort = sort;
  std::vector<std::string> found;
  for (const ScreenLine& line : draw_top(snapshot, layout)) {
    const std::string text = plain_text(line);
    if (text.find("  2301") != std::string::npos) found.push_back(text.substr(10, 12));
  }
  return found;
}

TEST_CASE("what waits on its way to the archive has a line, and none if nothing does") {
  TopSnapshot snapshot = quiet();
  CHECK(text_of(draw_top(snapshot, {})).find("spool") == std::string::npos);
  RecorderStatus& recorder = *snapshot.mutable_recorder();
  recorder.mutable_spool()->set_waiting_bytes(12'000'000);
  recorder.mutable_backlog()->set_disk_refusal("no space");
  const auto lines = draw_top(snapshot, {});
  CHECK(text_of(lines).find(
            "spool       12 MB wait in memory, nothing is archived: the disk is full") !=
        std::string::npos);
  CHECK(colour_of(lines, "12 MB wait") == Colour::kYellow);
  recorder.clear_spool();
  recorder.mutable_backlog()->clear_disk_refusal();
  recorder.mutable_backlog()->set_index_refusal("3 of 4 call files read");
  CHECK(text_of(draw_top(snapshot, {})).find("nothing is archived: the index is being rebuilt") !=
        std::string::npos);
}

TEST_CASE("the header shows each source's rates and the outcomes that came") {
  const std::string text = text_of(draw_top(quiet(), {}));
  CHECK(text.find("recording for 1:01:01") != std::string::npos);
  CHECK(text.find("eth1           12,345 packets/s    21 Mbit/s  lost 0") != std::string::npos);
  CHECK(text.find("frames/s    sip 1  rtp 12,300") != std::string::npos);
  CHECK(text.find("START") == std::string::npos);  // no call, no table
}

TEST_CASE("losses are red while they grow, and yellow when they were") {
  TopSnapshot snapshot = quiet();
  SourceStatus& source = *snapshot.mutable_recorder()->mutable_sources(0);
  CHECK(colour_of(draw_top(snapshot, {}), "lost 0") == Colour::kPlain);
  source.set_lost_ring(70);
  source.set_lost_interface(7);
  CHECK(colour_of(draw_top(snapshot, {}), "lost 77") == Colour::kYellow);
  source.set_lost_per_s(0.2);
  CHECK(colour_of(draw_top(snapshot, {}), "lost 77 (+1/s)") == Colour::kRed);
  (*snapshot.mutable_recorder()->mutable_frames()->mutable_dropped())["spool_full"] = 12;
  (*snapshot.mutable_outcomes_per_s())["dropped"] = 6;
  CHECK(colour_of(draw_top(snapshot, {}), "dropped 12 (+6/s)") == Colour::kRed);
  source.set_error("the cable is out");
  CHECK(colour_of(draw_top(snapshot, {}), "the cable is out") == Colour::kRed);
}

TEST_CASE("findings stand in the header, alarms red, and no more than there is room for") {
  TopSnapshot snapshot = quiet();
  for (int i = 0; i < 5; ++i) {
    FindingStatus& finding = *snapshot.mutable_recorder()->add_findings();
    finding.set_what("finding " + std::to_string(i));
    finding.set_alarm(i == 0);
  }
  const auto lines = draw_top(snapshot, {});
  CHECK(colour_of(lines, "finding 0") == Colour::kRed);
  CHECK(colour_of(lines, "finding 2") == Colour::kYellow);
  CHECK(text_of(lines).find("finding 3") == std::string::npos);
  CHECK(text_of(lines).find("and 2 more: see koegura status") != std::string::npos);
}

TEST_CASE("calls are a table: who, how long, talking or ringing, how busy") {
  const auto lines = draw_top(busy(), {});
  const std::string text = text_of(lines);
  CHECK(text.find("START     CALLER         CALLEE  STATE      LENGTH  STREAMS  PACKETS/S") !=
        std::string::npos);
  CHECK(text.find("03-1234-5678   2301    ringing      0:03        2         50\n") !=
        std::string::npos);
  CHECK(text.find("045-123-0000   2301    talking      1:05        2        100\n") !=
        std::string::npos);
  CHECK(colour_of(lines, "  ringing") == Colour::kYellow);
  CHECK(colour_of(lines, "  talking") == Colour::kGreen);
}

TEST_CASE("calls come newest, longest or busiest first") {
  const std::string a = "03-1234-5678";
  const std::string b = "045-123-0000";
  const std::string c = "090-1234-567";
  using Order = std::vector<std::string>;
  CHECK(callers(busy(), TopSort::kNewest) == Order{a, c, b});
  CHECK(callers(busy(), next(TopSort::kNewest)) == Order{b, c, a});
  CHECK(callers(busy(), next(next(TopSort::kNewest))) == Order{b, c, a});
  TopSnapshot other = busy();
  other.mutable_calls(0)->set_packets_per_s(1000);
  CHECK(callers(other, TopSort::kBusiest) == Order{a, b, c});
  CHECK(next(TopSort::kBusiest) == TopSort::kNewest);
}

TEST_CASE("no line is wider than the terminal, and there are no more than it has") {
  TopSnapshot snapshot = busy();
  snapshot.mutable_calls(0)->mutable_caller()->set_name(
      "市民課の山田太郎と申しますがよろしいですか");
  snapshot.mutable_calls(1)->mutable_callee()->set_name("総務部情報政策課電話交換室代表");
  for (int i = 0; i < 100; ++i) add_call(snapshot, std::to_string(i), i, i);
  snapshot.mutable_recorder()->mutable_calls()->set_in_progress(300);
  TopLayout layout;
  for (layout.width = 1; layout.width < 160; ++layout.width) {
    for (layout.height = 1; layout.height < 40; layout.height += 3) {
      const auto lines = draw_top(snapshot, layout);
      CHECK(lines.size() <= layout.height);
      for (const ScreenLine& line : lines) CHECK(width_of(plain_text(line)) <= layout.width);
    }
  }
}

TEST_CASE("calls that do not fit are counted") {
  TopSnapshot snapshot = busy();
  snapshot.mutable_recorder()->mutable_calls()->set_in_progress(300);
  CHECK(text_of(draw_top(snapshot, {})).ends_with("and 297 more\n"));
  TopLayout low;
  low.height = 10;
  const auto lines = draw_top(snapshot, low);
  REQUIRE(lines.size() == 10);
  CHECK(plain_text(lines.back()) == "and 299 more");
}

TEST_CASE("a name of two-column characters keeps the columns in line") {
  TopSnapshot snapshot = busy();
  snapshot.mutable_calls(0)->mutable_caller()->set_name("山田太郎");
  std::vector<std::size_t> ends;
  for (const ScreenLine& line : draw_top(snapshot, {})) {
    const std::string text = plain_text(line);
    if (text.find("  2301") == std::string::npos) continue;
    ends.push_back(width_of(text.substr(0, text.find("  2301"))));
  }
  REQUIRE(ends.size() == 3);
  CHECK(ends[0] == ends[1]);
  CHECK(ends[1] == ends[2]);
}

TEST_CASE("what a recorder says cannot steer the terminal") {
  TopSnapshot snapshot = busy();
  snapshot.mutable_calls(0)->mutable_caller()->set_name("\x1b[2Jx");
  snapshot.mutable_recorder()->mutable_sources(0)->set_name("\x1b[31meth1");
  snapshot.mutable_recorder()->add_findings()->set_what("\x1b[31m");
  CHECK(text_of(draw_top(snapshot, {})).find('\x1b') == std::string::npos);
}

}  // namespace
}  // namespace koegura::tools
