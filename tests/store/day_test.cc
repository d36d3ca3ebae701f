#include "store/day.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>

namespace koegura::store {
namespace {

std::string read(std::string_view text) {
  const auto day = parse_day(text);
  return day ? day_text(*day) : "";
}

TEST_CASE("a date is read as people of a city hall write it") {
  for (const auto* text :
       {"2026-04-01", "2026/4/1", "2026/04/01", "2026.4.1", "2026年4月1日", "令和8年4月1日",
        "R8.4.1", "R8/4/1", "令和８年４月１日", "２０２６／４／１"}) {
    CAPTURE(text);
    CHECK(read(text) == "2026-04-01");
  }
  CHECK(read("令和元年5月1日") == "2019-05-01");
  CHECK(read("H31.4.30") == "2019-04-30");
  CHECK(read("平成元年1月8日") == "1989-01-08");
  CHECK(read("S64.1.7") == "1989-01-07");
}

TEST_CASE("a leap day is a date in leap years alone") {
  CHECK(read("2028-02-29") == "2028-02-29");
  CHECK(read("令和10年2月29日") == "2028-02-29");
  CHECK(read("2000-02-29") == "2000-02-29");
  CHECK(read("2026-02-29").empty());
  CHECK(read("2100-02-29").empty());
}

TEST_CASE("what is no date, or may mean two, is none") {
  for (const auto* text :
       {"",           "2026",       "2026-04",    "26-04-01",   "04/01/2026",    "2026-13-01",
        "2026-00-01", "2026-04-31", "2026-4-1x",  "2026-4/1",   "2026-260-1",    "2026-4-257",
        "20260401",   "46113",      "1899-12-31", "2201-01-01", "令和0年4月1日", "令和元年4月30日",
        "R8",         "令和",       "R100.4.1",   "-026-04-01", "2026--4-1",     "4月1日"}) {
    CAPTURE(text);
    CHECK(read(text).empty());
  }
}

TEST_CASE("the day of a moment is that of the box's own clock") {
  setenv("TZ", "Asia/Tokyo", 1);
  tzset();
  const Timestamp midnight = from_unix_ns(1'774'969'200'000'000'000);  // 2026-04-01 in Japan
  CHECK(day_text(local_day(midnight)) == "2026-04-01");
  CHECK(day_text(local_day(midnight - Duration(1))) == "2026-03-31");
  setenv("TZ", "UTC", 1);
  tzset();
  CHECK(day_text(local_day(midnight)) == "2026-03-31");
}

}  // namespace
}  // namespace koegura::store
