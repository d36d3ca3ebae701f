#include "store/retention.h"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <tuple>

#include "record.h"

namespace koegura::store {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::nanoseconds;

// ---- a calendar of its own, that counts days one by one ---------------------------------------

struct Date {
  int year;
  int month;
  int day;
  auto operator<=>(const Date&) const = default;
};

bool is_leap(int year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int days_of(int year, int month) {
  constexpr std::array kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays.at(static_cast<std::size_t>(month) - 1) + (month == 2 && is_leap(year) ? 1 : 0);
}

Date tomorrow(Date date) {
  if (++date.day <= days_of(date.year, date.month)) return date;
  date.day = 1;
  if (++date.month <= 12) return date;
  return {.year = date.year + 1, .month = 1, .day = 1};
}

constexpr Date kEpoch{.year = 1970, .month = 1, .day = 1};

long long days_until(Date date) {
  long long days = 0;
  for (Date at = kEpoch; at < date; at = tomorrow(at)) ++days;
  return days;
}

// Days are counted in Japan, whose midnight is 15:00 UTC.
Timestamp in_japan(long long days, nanoseconds of_day) {
  return Timestamp(hours(24) * days + of_day - hours(9));
}

long long slow_expiry_day(Date start, const KeepPeriod& period) {
  Date date = start;
  if (period.count_from == CountFrom::kFiscalYear) {
    do date = tomorrow(date);
    while (date.month != 4 || date.day != 1);
  }
  const int months = date.year * 12 + date.month - 1 + period.keep.years * 12 + period.keep.months;
  // The first day that is not before it: what a month has not is the first of the next.
  return days_until({.year = months / 12, .month = months % 12 + 1, .day = date.day}) +
         period.keep.days;
}

TEST_CASE("3,000 random calls expire on the day that counting day by day comes to") {
  std::mt19937 random(20261129);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int round = 0; round < 3000; ++round) {
    const int year = 1990 + below(80);
    const int month = 1 + below(12);
    const bool is_late = below(2) == 0;  // the ends of months are where it goes wrong
    const int last = days_of(year, month);
    const Date start{
        .year = year, .month = month, .day = is_late ? last - below(4) : 1 + below(last)};
    KeepPeriod period{.keep = {.years = below(3) == 0 ? 0 : below(12),
                               .months = below(2) == 0 ? 0 : below(30),
                               .days = below(2) == 0 ? 0 : below(400)},
                      .count_from = below(2) == 0 ? CountFrom::kCall : CountFrom::kFiscalYear};
    const nanoseconds of_day(static_cast<long long>(random() % 86'400) * 1'000'000'000 + round);
    const Timestamp begun = in_japan(days_until(start), of_day);
    const bool at_midnight = period.count_from == CountFrom::kFiscalYear;
    const Timestamp expected =
        in_japan(slow_expiry_day(start, period), at_midnight ? nanoseconds(0) : of_day);
    CAPTURE(start.year);
    CAPTURE(start.month);
    CAPTURE(start.day);
    CAPTURE(keep_text(period.keep));
    REQUIRE(to_unix_ns(expiry(begun, period)) == to_unix_ns(expected));

    // Whatever rules there are, a call that could have expired lies before that moment.
    RetentionRules rules;
    rules.otherwise = period;
    CHECK(begun < nothing_expires_from(expiry(begun, period), rules) + nanoseconds(1));
  }
}

Timestamp at(int year, int month, int day, hours hour = hours(0)) {
  return in_japan(days_until({.year = year, .month = month, .day = day}), hour);
}

TEST_CASE("the leap day, kept five years, goes on March 1st, at the time of day of the call") {
  const KeepPeriod five;
  CHECK(expiry(at(2028, 2, 29, hours(10)), five) == at(2033, 3, 1, hours(10)));
  CHECK(expiry(at(2028, 2, 28, hours(10)), five) == at(2033, 2, 28, hours(10)));
  CHECK(expiry(at(2028, 2, 29), {.keep = {.years = 4}}) == at(2032, 2, 29));
  CHECK(expiry(at(2027, 1, 31), {.keep = {.months = 1}}) == at(2027, 3, 1));
}

TEST_CASE("a fiscal year begins on April 1st in Japan, not in London") {
  const KeepPeriod one{.keep = {.years = 1}, .count_from = CountFrom::kFiscalYear};
  const Timestamp april = at(2027, 4, 1);
  CHECK(expiry(april - nanoseconds(1), one) == at(2028, 4, 1));
  CHECK(expiry(april, one) == at(2029, 4, 1));
  CHECK(expiry(april + hours(8), one) == at(2029, 4, 1));  // March 31st in UTC
  CHECK(expiry(at(2026, 4, 1), one) == at(2028, 4, 1));
}

TEST_CASE("what nanoseconds cannot count to never goes") {
  CHECK(expiry(Timestamp::max() - hours(24), KeepPeriod{}) > Timestamp::max() - hours(10));
}

TEST_CASE("a period is read as people write it, and shown as it is read") {
  CHECK(parse_keep_for("5 years") == KeepFor{.years = 5});
  CHECK(parse_keep_for("1 year 6 months") == KeepFor{.years = 1, .months = 6});
  CHECK(parse_keep_for("90 days") == KeepFor{.days = 90});
  CHECK(parse_keep_for("100 years") == KeepFor{.years = 100});
  for (const auto* text : {"5 years", "1 year 6 months", "1 day", "2 years 1 month 3 days"}) {
    CHECK(keep_text(*parse_keep_for(text)) == text);
  }
  for (const auto* text : {"", "5", "years", "0 days", "-1 years", "5years", "5 weeks", "101 years",
                           "1 year 1 year", "5 years 1", "99999999999 days"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_keep_for(text));
  }
}

// ---- rules ----------------------------------------------------------------------------------

CallRecord incoming() {
  CallRecord record;
  *record.mutable_start() = to_proto(at(2026, 11, 21, hours(10)));
  record.set_direction("in");
  record.set_state("answered");
  record.mutable_caller()->set_number("+819012345678");
  record.mutable_callee()->set_number("+81312345600");
  record.mutable_callee()->set_department("市民課");
  record.mutable_answered_by()->set_number("2305");
  record.mutable_answered_by()->set_department("ＩＴ推進課");
  return record;
}

std::string rule_of(const CallRecord& record, const RetentionRule& rule) {
  const RetentionPolicy policy({.rules = {rule}}, "JP");
  return std::string(policy.judge(record).name);
}

TEST_CASE("a rule fits by department, line, direction and state, and all that it gives must fit") {
  const CallRecord call = incoming();
  CHECK(rule_of(call, {.name = "r"}) == "r");
  CHECK(rule_of(call, {.name = "r", .department = "市民課"}) == "r");
  CHECK(rule_of(call, {.name = "r", .department = "IT推進課"}) == "r");
  CHECK(rule_of(call, {.name = "r", .department = "税務課"}) == "default");
  CHECK(rule_of(call, {.name = "r", .direction = "in", .state = "answered"}) == "r");
  CHECK(rule_of(call, {.name = "r", .direction = "in", .state = "missed"}) == "default");
  CHECK(rule_of(call, {.name = "r", .direction = "out"}) == "default");
}

TEST_CASE("a rule fits by a tag, however it is written") {
  CallRecord call = incoming();
  CHECK(rule_of(call, {.name = "r", .tag = "カスハラ"}) == "default");
  call.add_tags("苦情");
  call.add_tags("ｶｽﾊﾗ");
  CHECK(rule_of(call, {.name = "r", .tag = "カスハラ"}) == "r");
  CHECK(rule_of(call, {.name = "r", .tag = "#カスハラ"}) == "r");
  CHECK(rule_of(call, {.name = "r", .tag = "他"}) == "default");
}

TEST_CASE("a line is the hall's own number, and not the citizen's") {
  CallRecord call = incoming();
  CHECK(rule_of(call, {.name = "r", .line = "03-1234-5600"}) == "r");
  CHECK(rule_of(call, {.name = "r", .line = "0312*"}) == "r");
  CHECK(rule_of(call, {.name = "r", .line = "*305"}) == "r");
  CHECK(rule_of(call, {.name = "r", .line = "090-1234-5678"}) == "default");
  call.set_direction("out");
  std::swap(*call.mutable_caller(), *call.mutable_callee());
  CHECK(rule_of(call, {.name = "r", .line = "03-1234-5600"}) == "r");
  CHECK(rule_of(call, {.name = "r", .line = "090-1234-5678"}) == "default");
}

TEST_CASE("a line that was called before the call came here counts as well") {
  CallRecord call = incoming();
  call.add_diversions()->mutable_party()->set_number("+81312345699");
  CHECK(rule_of(call, {.name = "r", .line = "03-1234-5699"}) == "r");
}

TEST_CASE("the first rule that fits counts") {
  const RetentionPolicy policy(
      {.rules = {{.name = "missed", .state = "missed", .period = {.keep = {.days = 1}}},
                 {.name = "in", .direction = "in", .period = {.keep = {.years = 1}}},
                 {.name = "all", .period = {.keep = {.years = 10}}}}},
      "JP");
  CallRecord call = incoming();
  CHECK(policy.judge(call).name == "in");
  CHECK(policy.judge(call).rule == 1);
  CHECK(policy.judge(call).expires == at(2027, 11, 21, hours(10)));
  call.set_state("missed");
  CHECK(policy.judge(call).expires == at(2026, 11, 22, hours(10)));
  call.set_state("busy");
  call.set_direction("out");
  CHECK(policy.judge(call).name == "all");
}

}  // namespace
}  // namespace koegura::store
