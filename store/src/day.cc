#include "store/day.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

#include "store/number.h"

namespace koegura::store {

namespace {

using std::chrono::year_month_day;

constexpr int kFirstYear = 1900;
constexpr int kLastYear = 2200;
constexpr std::size_t kYearDigits = 4;
constexpr std::size_t kDayDigits = 2;

// Of which a directory of today's telephones can speak. Year 1 begins at `begins`.
struct Era {
  std::string_view name;
  std::string_view letter;
  int before;  // the year before its first
  year_month_day begins;
};
constexpr std::array kEras = {
    Era{"令和", "R", 2018, {std::chrono::year(2019), std::chrono::May, std::chrono::day(1)}},
    Era{"平成", "H", 1988, {std::chrono::year(1989), std::chrono::January, std::chrono::day(8)}},
    Era{"昭和", "S", 1925, {std::chrono::year(1926), std::chrono::December, std::chrono::day(25)}}};

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

const Era* take_era(std::string_view& text) {
  for (const Era& era : kEras) {
    if (take(text, era.name) || take(text, era.letter)) return &era;
  }
  return nullptr;
}

std::optional<int> take_number(std::string_view& text, std::size_t most_digits) {
  int number = 0;
  const std::string_view digits = text.substr(0, most_digits);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - digits.data()));
  return number;
}

// The marks behind year, month and day.
struct Marks {
  std::string_view year;
  std::string_view month;
  std::string_view day;
};
constexpr std::array kMarks = {Marks{"年", "月", "日"}, Marks{"-", "-", ""}, Marks{"/", "/", ""},
                               Marks{".", ".", ""}};

std::optional<year_month_day> take_month_and_day(int year, std::string_view text) {
  for (const Marks& marks : kMarks) {
    std::string_view rest = text;
    if (!take(rest, marks.year)) continue;
    const auto month = take_number(rest, kDayDigits);
    if (!month || !take(rest, marks.month)) return std::nullopt;
    const auto day = take_number(rest, kDayDigits);
    if (!day || rest != marks.day) return std::nullopt;
    return year_month_day(std::chrono::year(year),
                          std::chrono::month(static_cast<unsigned>(*month)),
                          std::chrono::day(static_cast<unsigned>(*day)));
  }
  return std::nullopt;
}

}  // namespace

Day local_day(Timestamp time) {
  const auto seconds = static_cast<std::time_t>(
      std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count());
  std::tm local{};
  localtime_r(&seconds, &local);
  return Day(year_month_day(std::chrono::year(local.tm_year + 1900),
                            std::chrono::month(static_cast<unsigned>(local.tm_mon) + 1),
                            std::chrono::day(static_cast<unsigned>(local.tm_mday))));
}

std::optional<Day> parse_day(std::string_view text) {
  const std::string half = half_width(text);
  std::string_view rest = half;
  const Era* era = take_era(rest);
  const bool is_first_year = era != nullptr && take(rest, "元");
  const std::size_t before = rest.size();
  const auto number = is_first_year ? std::optional(1) : take_number(rest, kYearDigits);
  if (!number) return std::nullopt;
  // A year of two digits may be of the era or of the century.
  if (era == nullptr && before - rest.size() != kYearDigits) return std::nullopt;
  if (era != nullptr && (*number < 1 || *number > 99)) return std::nullopt;
  const int year = era == nullptr ? *number : era->before + *number;
  const auto date = take_month_and_day(year, rest);
  if (!date || !date->ok() || year < kFirstYear || year > kLastYear) return std::nullopt;
  if (era != nullptr && *date < era->begins) return std::nullopt;
  return Day(*date);
}

std::string day_text(Day day) {
  const year_month_day date(day);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text.data();
}

}  // namespace koegura::store
