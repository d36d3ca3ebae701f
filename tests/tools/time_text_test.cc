#include "time_text.h"

#include <doctest/doctest.h>

#include <array>
#include <cstdlib>
#include <ctime>

namespace koegura::tools {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// 2026-11-21 10:15:02.5 in Tokyo.
constexpr Timestamp kNow = from_unix_ns(1'795'223'702'500'000'000);

class Zone {
 public:
  explicit Zone(const char* name) {
    setenv("TZ", name, 1);
    tzset();
  }
  ~Zone() {
    unsetenv("TZ");
    tzset();
  }
};

std::string begin_of(std::string_view text) {
  const auto time = parse_time(text, kNow);
  return time ? local_time_exact(time->begin) : "refused";
}
std::string end_of(std::string_view text) {
  const auto time = parse_time(text, kNow);
  return time ? local_time_exact(time->end) : "refused";
}

TEST_CASE("a day, a month and a year name a stretch from their first moment to the next one's") {
  const Zone tokyo("Asia/Tokyo");
  CHECK(begin_of("2026-11-21") == "2026-11-21 00:00:00.000+09:00");
  CHECK(end_of("2026-11-21") == "2026-11-22 00:00:00.000+09:00");
  CHECK(begin_of("2026-12") == "2026-12-01 00:00:00.000+09:00");
  CHECK(end_of("2026-12") == "2027-01-01 00:00:00.000+09:00");
  CHECK(begin_of("2026") == "2026-01-01 00:00:00.000+09:00");
  CHECK(end_of("2026") == "2027-01-01 00:00:00.000+09:00");
  CHECK(begin_of("today") == "2026-11-21 00:00:00.000+09:00");
  CHECK(end_of("yesterday") == "2026-11-21 00:00:00.000+09:00");
}

TEST_CASE("a clock is a moment of the day before it, or of today") {
  const Zone tokyo("Asia/Tokyo");
  for (const auto* text : {"2026-11-21 10:15", "2026-11-21T10:15:00", "today 10:15", "10:15"}) {
    CAPTURE(text);
    CHECK(begin_of(text) == "2026-11-21 10:15:00.000+09:00");
    CHECK(end_of(text) == "2026-11-21 10:15:00.000+09:00");
  }
  CHECK(begin_of("yesterday 23:59:58.25") == "2026-11-20 23:59:58.250+09:00");
}

TEST_CASE("RFC 3339 times carry their own zone") {
  const Zone tokyo("Asia/Tokyo");
  CHECK(begin_of("2026-11-21T01:15:02.5Z") == "2026-11-21 10:15:02.500+09:00");
  CHECK(begin_of("2026-11-20T20:15:02-05:00") == "2026-11-21 10:15:02.000+09:00");
  CHECK(parse_time("2026-11-21T01:15:02.123456789Z", kNow)->begin.time_since_epoch().count() %
            1'000'000'000 ==
        123'456'789);
}

TEST_CASE("what local_time writes can be given back") {
  const Zone newfoundland("America/St_Johns");
  CHECK(local_time(kNow) == "2026-11-20 21:45:02-03:30");
  CHECK(begin_of(local_time(kNow)) == "2026-11-20 21:45:02.000-03:30");
  CHECK(parse_time(local_time_exact(kNow), kNow)->begin == kNow);
}

TEST_CASE("a time ago counts back from now") {
  CHECK(parse_time("2h ago", kNow)->begin == kNow - hours(2));
  CHECK(parse_time("90 min ago", kNow)->end == kNow - minutes(90));
  CHECK(parse_time("3 days ago", kNow)->begin == kNow - hours(72));
  CHECK(parse_time("now", kNow)->begin == kNow);
}

TEST_CASE("a day of 23 hours ends where the next one begins") {
  const Zone berlin("Europe/Berlin");
  const auto day = parse_time("2026-03-29", kNow);
  REQUIRE(day);
  CHECK(day->end - day->begin == hours(23));
}

TEST_CASE("what is no time is refused as wrong usage, and says how to write one") {
  for (const auto* text :
       {"", "2026-13", "2026-02-30", "2026-11-21 24:00", "2026-11-21 10:60", "2026-11 10:15",
        "2026-11-21 10:15+09", "2026-11-21x", "ago", "2 ago", "1e9h ago", "soon", "1800", "9999",
        "2026-11-21 10:15:02.", "today ", "-1h ago"}) {
    CAPTURE(text);
    const auto time = parse_time(text, kNow);
    REQUIRE_FALSE(time);
    CHECK(time.error().kind == ErrorKind::kUsage);
    CHECK(time.error().message.find("yesterday") != std::string::npos);
  }
}

TEST_CASE("durations are numbers with units, one or more") {
  CHECK(*parse_duration("5s") == seconds(5));
  CHECK(*parse_duration("500ms") == milliseconds(500));
  CHECK(*parse_duration("1.5 s") == milliseconds(1500));
  CHECK(*parse_duration("2min") == minutes(2));
  CHECK(*parse_duration("2m") == minutes(2));
  CHECK(*parse_duration("1h30min") == minutes(90));
  CHECK(*parse_duration("1 day 2 hours") == hours(26));
  CHECK(*parse_duration("0s") == Duration::zero());
}

TEST_CASE("a duration without a unit, with a sign or of centuries is refused") {
  for (const auto* text :
       {"", "5", "s", "-5s", "5 s 3", "5x", "200000d", "1e3s", "inf s", "36525d 1h"}) {
    CAPTURE(text);
    const auto duration = parse_duration(text);
    REQUIRE_FALSE(duration);
    CHECK(duration.error().kind == ErrorKind::kUsage);
  }
}

TEST_CASE("a duration is written in the largest unit that holds it exactly") {
  CHECK(duration_text(seconds(0)) == "0s");
  CHECK(duration_text(seconds(90)) == "90s");
  CHECK(duration_text(minutes(120)) == "2h");
  CHECK(duration_text(hours(48)) == "2d");
  CHECK(duration_text(milliseconds(1500)) == "1500ms");
  constexpr std::array kAll = {milliseconds(1), milliseconds(61'000), milliseconds(86'400'000)};
  for (const auto duration : kAll) CHECK(*parse_duration(duration_text(duration)) == duration);
}

TEST_CASE("seconds are shown as a clock") {
  CHECK(clock_text(0) == "0:00");
  CHECK(clock_text(65.4) == "1:05");
  CHECK(clock_text(59.6) == "1:00");
  CHECK(clock_text(3723) == "1:02:03");
  CHECK(clock_text(-3) == "0:00");
  CHECK(clock_text_exact(5.25) == "0:05.3");
  CHECK(clock_text_exact(59.97) == "1:00.0");
  CHECK(clock_text_exact(3600) == "1:00:00.0");
}

TEST_CASE("moments before 1970 are shown with the fraction of their own second") {
  const Zone utc("UTC");
  CHECK(local_time_exact(from_unix_ns(-250'000'000)) == "1969-12-31 23:59:59.750+00:00");
}

}  // namespace
}  // namespace koegura::tools
