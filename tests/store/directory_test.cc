// Whose a number was on a day.
#include "store/directory.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>

#include "party_names.h"
#include "record.h"

namespace koegura::store {
namespace {

struct Tokyo {
  Tokyo() {
    setenv("TZ", "Asia/Tokyo", 1);
    tzset();
  }
};

Day day(const std::string& text) {
  const auto parsed = parse_day(text);
  if (!parsed) FAIL(text);
  return *parsed;
}

std::optional<Day> maybe(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(day(text));
}

DirectoryRow row(const std::string& number, const std::string& person, const std::string& from = "",
                 const std::string& to = "") {
  return {.number = number,
          .department = "水道課",
          .person = person,
          .valid_from = maybe(from),
          .valid_to = maybe(to)};
}

std::string who(const Directory& directory, const std::string& number, const std::string& when) {
  const DirectoryRow* found = directory.find(number, day(when));
  return found == nullptr ? "" : found->person;
}

TEST_CASE("a number is somebody's from the first day to the last, both included") {
  const Directory directory({row("2301", "山田", "2025-04-01", "2026-03-31")}, "JP");
  CHECK(who(directory, "2301", "2025-03-31").empty());
  CHECK(who(directory, "2301", "2025-04-01") == "山田");
  CHECK(who(directory, "2301", "2026-03-31") == "山田");
  CHECK(who(directory, "2301", "2026-04-01").empty());
  CHECK(who(directory, "2302", "2025-04-01").empty());
}

TEST_CASE("in April the number is the next one's, and the years before stay") {
  const Directory directory(
      {row("2301", "山田", "", "2025-03-31"), row("2301", "佐藤", "2025-04-01", "2026-03-31"),
       row("2301", "鈴木", "2026-04-01")},
      "JP");
  CHECK(who(directory, "2301", "1999-01-01") == "山田");
  CHECK(who(directory, "2301", "2025-03-31") == "山田");
  CHECK(who(directory, "2301", "2026-03-31") == "佐藤");
  CHECK(who(directory, "2301", "2026-04-01") == "鈴木");
  CHECK(who(directory, "2301", "2199-12-31") == "鈴木");
}

TEST_CASE("February 29th is a day like others") {
  const Directory directory(
      {row("2301", "山田", "", "2028-02-28"), row("2301", "佐藤", "2028-02-29", "2028-02-29"),
       row("2301", "鈴木", "2028-03-01")},
      "JP");
  CHECK(who(directory, "2301", "2028-02-28") == "山田");
  CHECK(who(directory, "2301", "2028-02-29") == "佐藤");
  CHECK(who(directory, "2301", "2028-03-01") == "鈴木");
}

TEST_CASE("a number is found in any spelling, however the directory writes it") {
  const Directory directory(
      {row("03-5550-1234", "代表"), row("２３０１", "山田"), row("Alice", "Alice")}, "JP");
  for (const auto* spelling :
       {"0355501234", "+81355501234", "03(5550)1234", "０３ー５５５０ー１２３４"}) {
    CHECK(who(directory, spelling, "2026-04-01") == "代表");
  }
  CHECK(who(directory, "2301", "2026-04-01") == "山田");
  CHECK(who(directory, "alice", "2026-04-01") == "Alice");
  CHECK(who(directory, "", "2026-04-01").empty());
}

TEST_CASE("a whole number beats a pattern, of patterns the one with the most fixed characters") {
  const Directory directory({row("2*", "本庁"), row("23??", "水道"), row("230?", "窓口"),
                             row("2301", "山田"), row("03-5550-*", "代表")},
                            "JP");
  CHECK(who(directory, "2301", "2026-04-01") == "山田");
  CHECK(who(directory, "2302", "2026-04-01") == "窓口");
  CHECK(who(directory, "2399", "2026-04-01") == "水道");
  CHECK(who(directory, "29", "2026-04-01") == "本庁");
  CHECK(who(directory, "23a1", "2026-04-01") == "本庁");  // '?' is a digit
  CHECK(who(directory, "+81355509999", "2026-04-01") == "代表");
  CHECK(who(directory, "1999", "2026-04-01").empty());
}

TEST_CASE("of equal patterns the one that began last wins; one that is over does not") {
  const Directory directory({row("23??", "古", "2020-04-01"), row("2?0?", "新", "2025-04-01"),
                             row("?3?1", "終", "2025-05-01", "2025-12-31")},
                            "JP");
  CHECK(who(directory, "2301", "2025-03-31") == "古");
  CHECK(who(directory, "2301", "2025-04-01") == "新");
  CHECK(who(directory, "2301", "2025-06-01") == "終");
  CHECK(who(directory, "2301", "2026-01-01") == "新");
}

TEST_CASE("a user part of the wire that is far too long is nobody's, at once") {
  std::vector<DirectoryRow> rows;
  for (int i = 0; i < 1000; ++i) rows.push_back(row("*1*1*1*" + std::to_string(i), "x"));
  const Directory directory(std::move(rows), "JP");
  CHECK(who(directory, std::string(1'000'000, '1'), "2026-04-01").empty());
}

// ---- what a call's record gets --------------------------------------------------------------

CallRecord call_between(const std::string& caller, const std::string& callee, Timestamp start) {
  CallRecord record;
  record.set_direction("unknown");
  record.mutable_caller()->set_number(caller);
  record.mutable_callee()->set_number(callee);
  *record.mutable_start() = to_proto(start);
  return record;
}

// 2026-03-31 23:59:59.999999999 in Japan.
constexpr Timestamp kLastOfMarch = from_unix_ns(1'774'969'199'999'999'999);

TEST_CASE("the day begins at midnight of the box's own clock") {
  const Tokyo tokyo;
  const Directory directory(
      {row("2301", "山田", "", "2026-03-31"), row("2301", "佐藤", "2026-04-01")}, "JP");
  CallRecord before = call_between("0312345678", "2301", kLastOfMarch);
  name_parties(before, directory);
  CHECK(before.callee().person() == "山田");
  CallRecord after = call_between("0312345678", "2301", kLastOfMarch + Duration(1));
  name_parties(after, directory);
  CHECK(after.callee().person() == "佐藤");
}

TEST_CASE(
    "every party of a call gets its name: who was called, who answered, who was called before "
    "and whom it was transferred to") {
  const Tokyo tokyo;
  const Directory directory(
      {row("2301", "山田"), row("2302", "佐藤"), row("2303", "鈴木"), row("2304", "高橋")}, "JP");
  CallRecord record = call_between("+81312345678", "2301", kLastOfMarch);
  record.mutable_answered_by()->set_number("2302");
  record.add_diversions()->mutable_party()->set_number("2303");
  record.mutable_links()->add_refers()->mutable_target()->set_number("2304");
  name_parties(record, directory);
  CHECK(record.caller().person().empty());
  CHECK(record.callee().person() == "山田");
  CHECK(record.callee().department() == "水道課");
  CHECK(record.answered_by().person() == "佐藤");
  CHECK(record.diversions(0).party().person() == "鈴木");
  CHECK(record.links().refers(0).target().person() == "高橋");
}

TEST_CASE("who stands in the directory is inside, beside whom the settings name") {
  const Tokyo tokyo;
  const Directory directory({row("2301", "山田"), row("2302", "佐藤", "2026-04-01")}, "JP");
  const auto direction = [&](const std::string& caller, const std::string& callee,
                             const std::string& known) {
    CallRecord record = call_between(caller, callee, kLastOfMarch);
    record.set_direction(known);
    name_parties(record, directory);
    return record.direction();
  };
  CHECK(direction("0312345678", "2301", "unknown") == "in");
  CHECK(direction("2301", "0312345678", "unknown") == "out");
  CHECK(direction("2301", "2301", "unknown") == "internal");
  CHECK(direction("0312345678", "2302", "unknown") == "unknown");  // not before April
  CHECK(direction("2399", "2301", "out") == "internal");           // 2399 by the settings
  CHECK(direction("2301", "2399", "in") == "internal");
  CHECK(direction("1", "2", "internal") == "internal");
}

}  // namespace
}  // namespace koegura::store
