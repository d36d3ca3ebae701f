#include "store/retention.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include "index_format.h"
#include "name_term.h"
#include "record.h"
#include "store/number.h"
#include "text_terms.h"

namespace koegura::store {

namespace {

namespace chrono = std::chrono;

constexpr auto kJapan = chrono::hours(9);
constexpr int kMostYears = 100;
constexpr int kDaysAYear = 366;
constexpr int kMonthsAYear = 12;

struct UnitRow {
  std::string_view one;
  std::string_view many;
  int KeepFor::*member;
};
constexpr std::array kUnits = {UnitRow{"year", "years", &KeepFor::years},
                               UnitRow{"month", "months", &KeepFor::months},
                               UnitRow{"day", "days", &KeepFor::days}};

std::string_view next_word(std::string_view& text) {
  const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(begin);
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

bool take_part(KeepFor& keep, std::string_view count, std::string_view unit) {
  int value = 0;
  const char* const end = count.data() + count.size();
  const auto [rest, error] = std::from_chars(count.data(), end, value);
  if (error != std::errc() || rest != end || value < 1 || value > kMostYears * kDaysAYear) {
    return false;
  }
  for (const UnitRow& row : kUnits) {
    if (unit != row.one && unit != row.many) continue;
    int& into = keep.*row.member;
    if (into != 0) return false;
    into = value;
    return true;
  }
  return false;
}

bool is_within_limits(const KeepFor& keep) {
  const long long days = (static_cast<long long>(keep.years) * kMonthsAYear + keep.months) * 31LL +
                         static_cast<long long>(keep.days);
  return days > 0 && days <= static_cast<long long>(kMostYears) * kMonthsAYear * 31;
}

// Beyond what nanoseconds since 1970 can say (the year 2262): never.
constexpr chrono::sys_days kLastDay = chrono::floor<chrono::days>(Timestamp::max());

// The day itself, or the first of the next month where the month has no such day.
chrono::sys_days day_of(chrono::year_month month, chrono::day day) {
  const chrono::year_month_day date = month / day;
  return date.ok() ? chrono::sys_days(date)
                   : chrono::sys_days((month + chrono::months(1)) / chrono::day(1));
}

Timestamp later(Timestamp on_the_clock, const KeepFor& keep) {
  const auto midnight = chrono::floor<chrono::days>(on_the_clock);
  const chrono::year_month_day date(midnight);
  const chrono::year_month month = chrono::year_month(date.year(), date.month()) +
                                   chrono::years(keep.years) + chrono::months(keep.months);
  const chrono::sys_days day = day_of(month, date.day()) + chrono::days(keep.days);
  return day < kLastDay ? day + (on_the_clock - midnight) : Timestamp::max();
}

// The first April 1st, 0:00, after it.
Timestamp next_fiscal_year(Timestamp on_the_clock) {
  const chrono::year_month_day date(chrono::floor<chrono::days>(on_the_clock));
  const bool is_before_april = date.month() < chrono::April;
  const chrono::year year = is_before_april ? date.year() : date.year() + chrono::years(1);
  return chrono::sys_days(year / chrono::April / 1);
}

// The least that a period takes, whatever months and years it meets.
Duration least_length(const KeepFor& keep) {
  constexpr int kDaysOfYear = 365;
  constexpr int kDaysOfMonth = 28;
  return chrono::days(keep.years * kDaysOfYear + keep.months * kDaysOfMonth + keep.days);
}

bool is_of(const CallRecord& record, const std::string& department) {
  const auto has = [&](const Party& party) { return name_term(party.department()) == department; };
  return has(record.caller()) || has(record.callee()) || has(record.answered_by());
}

bool has_tag_term(const CallRecord& record, const std::string& term) {
  return std::any_of(record.tags().begin(), record.tags().end(),
                     [&](const std::string& tag) { return tag_term(tag) == term; });
}

std::vector<std::string> own_numbers(const CallRecord& record) {
  if (record.direction() == "out") return {number_term(record.caller().number())};
  std::vector<std::string> numbers;
  if (record.direction() != "in") return number_terms(record);
  numbers.push_back(number_term(record.callee().number()));
  numbers.push_back(number_term(record.answered_by().number()));
  for (const Diversion& diversion : record.diversions()) {
    numbers.push_back(number_term(diversion.party().number()));
  }
  std::erase(numbers, "");
  return numbers;
}

}  // namespace

std::optional<KeepFor> parse_keep_for(std::string_view text) {
  KeepFor keep;
  while (text.find_first_not_of(' ') != std::string_view::npos) {
    const std::string_view count = next_word(text);
    if (!take_part(keep, count, next_word(text))) return std::nullopt;
  }
  if (!is_within_limits(keep)) return std::nullopt;
  return keep;
}

std::string keep_text(const KeepFor& keep) {
  std::string text;
  for (const UnitRow& row : kUnits) {
    const int value = keep.*row.member;
    if (value == 0) continue;
    if (!text.empty()) text += ' ';
    text += std::to_string(value) + ' ' + std::string(value == 1 ? row.one : row.many);
  }
  return text;
}

std::string_view name_of(CountFrom count_from) {
  return count_from == CountFrom::kCall ? "call" : "fiscal-year";
}

std::optional<CountFrom> parse_count_from(std::string_view text) {
  for (const CountFrom one : {CountFrom::kCall, CountFrom::kFiscalYear}) {
    if (text == name_of(one)) return one;
  }
  return std::nullopt;
}

Timestamp expiry(Timestamp start, const KeepPeriod& period) {
  Timestamp on_the_clock = start + kJapan;
  if (period.count_from == CountFrom::kFiscalYear) on_the_clock = next_fiscal_year(on_the_clock);
  return later(on_the_clock, period.keep) - kJapan;
}

Timestamp nothing_expires_from(Timestamp now, const RetentionRules& rules) {
  Duration least = least_length(rules.otherwise.keep);
  for (const RetentionRule& rule : rules.rules) {
    least = std::min(least, least_length(rule.period.keep));
  }
  return now - least;
}

// ---- policy ---------------------------------------------------------------------------------

struct RetentionPolicy::Ready {
  std::string department;
  NumberPattern line;
  std::string tag;

  [[nodiscard]] bool fits(const RetentionRule& rule, const CallRecord& record) const {
    if (!rule.direction.empty() && record.direction() != rule.direction) return false;
    if (!rule.state.empty() && record.state() != rule.state) return false;
    if (!department.empty() && !is_of(record, department)) return false;
    if (!tag.empty() && !has_tag_term(record, tag)) return false;
    return has_line(record);
  }

 private:
  [[nodiscard]] bool has_line(const CallRecord& record) const {
    if (line.forms.empty()) return true;
    const std::vector<std::string> own = own_numbers(record);
    return std::any_of(own.begin(), own.end(),
                       [&](const std::string& term) { return line.matches(term); });
  }
};

RetentionPolicy::RetentionPolicy(const RetentionRules& rules, const std::string& region)
    : rules_(rules) {
  for (const RetentionRule& rule : rules_.rules) {
    ready_.push_back({.department = name_term(rule.department),
                      .line = parse_number_pattern(rule.line, region),
                      .tag = tag_term(rule.tag)});
  }
}
RetentionPolicy::RetentionPolicy(RetentionPolicy&&) noexcept = default;
RetentionPolicy& RetentionPolicy::operator=(RetentionPolicy&&) noexcept = default;
RetentionPolicy::~RetentionPolicy() = default;

RetentionPolicy::Verdict RetentionPolicy::judge(const CallRecord& record,
                                                std::optional<Timestamp> started) const {
  const Timestamp start = started.value_or(from_proto(record.start()));
  for (std::size_t i = 0; i < ready_.size(); ++i) {
    const RetentionRule& rule = rules_.rules[i];
    if (!ready_[i].fits(rule, record)) continue;
    return {.rule = i, .name = rule.name, .expires = expiry(start, rule.period)};
  }
  return {.rule = ready_.size(), .name = kDefaultRule, .expires = expiry(start, rules_.otherwise)};
}

}  // namespace koegura::store
