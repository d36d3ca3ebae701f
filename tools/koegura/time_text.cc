#include "time_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <optional>

namespace koegura::tools {

namespace {

constexpr std::size_t kLongestTime = 64;

// Reads text from the front; every read leaves the cursor where it was if it does not match.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  bool literal(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  void spaces() {
    while (literal(" ")) {
    }
  }
  // Exactly `digits` decimal digits.
  std::optional<int> fixed(std::size_t digits) {
    if (rest_.size() < digits) return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return value;
  }
  // A decimal number with an optional fraction.
  std::optional<double> decimal() {
    if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') return std::nullopt;
    double value = 0;
    const auto [end, error] =
        std::from_chars(rest_.data(), rest_.data() + rest_.size(), value, std::chars_format::fixed);
    if (error != std::errc()) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }
  // The digits after a decimal point, as nanoseconds; what is finer is dropped.
  std::optional<long long> fraction() {
    long long ns = 0;
    long long place = 100'000'000;
    bool any = false;
    while (const auto digit = fixed(1)) {
      ns += *digit * place;
      place /= 10;
      any = true;
    }
    return any ? std::optional(ns) : std::nullopt;
  }

 private:
  std::string_view rest_;
};

struct Unit {
  std::string_view name;
  Duration length;
};

// Longer names before their own beginnings: "min" before "m" would be read as "m", "in".
constexpr std::array kUnits = {
    Unit{"ms", std::chrono::milliseconds(1)}, Unit{"seconds", std::chrono::seconds(1)},
    Unit{"second", std::chrono::seconds(1)},  Unit{"sec", std::chrono::seconds(1)},
    Unit{"s", std::chrono::seconds(1)},       Unit{"minutes", std::chrono::minutes(1)},
    Unit{"minute", std::chrono::minutes(1)},  Unit{"min", std::chrono::minutes(1)},
    Unit{"m", std::chrono::minutes(1)},       Unit{"hours", std::chrono::hours(1)},
    Unit{"hour", std::chrono::hours(1)},      Unit{"h", std::chrono::hours(1)},
    Unit{"days", std::chrono::hours(24)},     Unit{"day", std::chrono::hours(24)},
    Unit{"d", std::chrono::hours(24)},        Unit{"weeks", std::chrono::hours(168)},
    Unit{"week", std::chrono::hours(168)},    Unit{"w", std::chrono::hours(168)},
};

// A hundred years: longer is a slip of the finger, and leaves room in 64 bits of nanoseconds.
constexpr Duration kLongestDuration = std::chrono::hours(24 * 36525);

std::optional<Duration> read_unit(Cursor& cursor) {
  for (const Unit& unit : kUnits) {
    if (cursor.literal(unit.name)) return unit.length;
  }
  return std::nullopt;
}

std::optional<Duration> read_duration(Cursor& cursor) {
  Duration total{};
  bool any = false;
  while (const auto value = cursor.decimal()) {
    cursor.spaces();
    const auto unit = read_unit(cursor);
    if (!unit) return std::nullopt;
    const double ns = *value * static_cast<double>(unit->count());
    if (ns > static_cast<double>((kLongestDuration - total).count())) return std::nullopt;
    total += Duration(std::llround(ns));
    any = true;
    cursor.spaces();
  }
  return any ? std::optional(total) : std::nullopt;
}

// A local calendar time; mktime carries over what is past the end of a day, month or year.
Timestamp from_local(std::tm calendar) {
  calendar.tm_isdst = -1;
  return std::chrono::system_clock::from_time_t(std::mktime(&calendar));
}

std::tm to_local(Timestamp time) {
  // Floor, not truncation: before 1970 a fraction belongs to the second before.
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm calendar{};
  localtime_r(&seconds, &calendar);
  return calendar;
}

enum class Stretch : unsigned char { kYear, kMonth, kDay };

struct Day {
  std::tm midnight{};
  Stretch stretch = Stretch::kDay;

  [[nodiscard]] TimeText text() const {
    std::tm next = midnight;
    if (stretch == Stretch::kYear) ++next.tm_year;
    if (stretch == Stretch::kMonth) ++next.tm_mon;
    if (stretch == Stretch::kDay) ++next.tm_mday;
    return {from_local(midnight), from_local(next)};
  }
};

bool is_calendar_day(int year, int month, int day) {
  return std::chrono::year_month_day(std::chrono::year(year),
                                     std::chrono::month(static_cast<unsigned>(month)),
                                     std::chrono::day(static_cast<unsigned>(day)))
      .ok();
}

std::optional<Day> read_named_day(Cursor& cursor, Timestamp now) {
  const bool today = cursor.literal("today");
  if (!today && !cursor.literal("yesterday")) return std::nullopt;
  Day day{.midnight = to_local(now)};
  day.midnight.tm_hour = day.midnight.tm_min = day.midnight.tm_sec = 0;
  if (!today) --day.midnight.tm_mday;
  return day;
}

std::optional<Day> read_day(Cursor& cursor, Timestamp now) {
  if (const auto named = read_named_day(cursor, now)) return named;
  const auto year = cursor.fixed(4);
  // 64 bits of nanoseconds end in 2262.
  if (!year || *year < 1970 || *year > 2200) return std::nullopt;
  int month = 1;
  int day = 1;
  Day result{.stretch = Stretch::kYear};
  if (cursor.literal("-")) {
    month = cursor.fixed(2).value_or(0);
    result.stretch = Stretch::kMonth;
    if (cursor.literal("-")) {
      day = cursor.fixed(2).value_or(0);
      result.stretch = Stretch::kDay;
    }
  }
  if (!is_calendar_day(*year, month, day)) return std::nullopt;
  result.midnight.tm_year = *year - 1900;
  result.midnight.tm_mon = month - 1;
  result.midnight.tm_mday = day;
  return result;
}

struct ClockTime {
  int hour = 0;
  int minute = 0;
  int second = 0;
  long long ns = 0;
};

std::optional<ClockTime> read_clock(Cursor& cursor) {
  const auto hour = cursor.fixed(2);
  if (!hour || !cursor.literal(":")) return std::nullopt;
  const auto minute = cursor.fixed(2);
  ClockTime clock{.hour = *hour, .minute = minute.value_or(60)};
  if (cursor.literal(":")) {
    clock.second = cursor.fixed(2).value_or(61);
    if (cursor.literal(".")) {
      const auto ns = cursor.fraction();
      if (!ns) return std::nullopt;
      clock.ns = *ns;
    }
  }
  const bool valid = clock.hour < 24 && clock.minute < 60 && clock.second <= 60;
  return valid ? std::optional(clock) : std::nullopt;
}

// Seconds east of UTC; nothing if there is no zone. `broken` if there is half of one.
std::optional<long> read_zone(Cursor& cursor, bool& broken) {
  if (cursor.literal("Z") || cursor.literal("z")) return 0;
  const bool east = cursor.literal("+");
  if (!east && !cursor.literal("-")) return std::nullopt;
  const auto hours = cursor.fixed(2);
  cursor.literal(":");  // ISO 8601 basic form "+0900" is what date(1) and file names write
  const auto minutes = cursor.fixed(2);
  broken = !hours || !minutes || *hours > 23 || *minutes > 59;
  if (broken) return std::nullopt;
  const long seconds = *hours * 3600L + *minutes * 60L;
  return east ? seconds : -seconds;
}

std::optional<Timestamp> read_moment(Cursor& cursor, std::tm day) {
  const auto clock = read_clock(cursor);
  if (!clock) return std::nullopt;
  day.tm_hour = clock->hour;
  day.tm_min = clock->minute;
  day.tm_sec = clock->second;
  bool broken = false;
  const auto zone = read_zone(cursor, broken);
  if (broken) return std::nullopt;
  const Duration fraction(clock->ns);
  if (!zone) return from_local(day) + fraction;
  const std::time_t utc = timegm(&day) - *zone;
  return Timestamp(std::chrono::seconds(utc)) + fraction;
}

std::optional<TimeText> read_time(std::string_view text, Timestamp now) {
  if (text.size() > kLongestTime) return std::nullopt;
  if (text == "now") return TimeText{now, now};
  if (text.ends_with(" ago")) {
    Cursor cursor(text.substr(0, text.size() - 4));
    const auto duration = read_duration(cursor);
    if (!duration || !cursor.at_end()) return std::nullopt;
    return TimeText{now - *duration, now - *duration};
  }
  Cursor cursor(text);
  auto day = read_day(cursor, now);
  if (day && cursor.at_end()) return day->text();
  if (day && day->stretch != Stretch::kDay) return std::nullopt;
  if (day && !cursor.literal("T") && !cursor.literal("t") && !cursor.literal(" ")) {
    return std::nullopt;
  }
  if (!day) {
    cursor = Cursor(text);
    Cursor today("today");
    day = read_named_day(today, now);
  }
  const auto moment = read_moment(cursor, day->midnight);
  if (!moment || !cursor.at_end()) return std::nullopt;
  return TimeText{*moment, *moment};
}

std::string local_time_as(Timestamp time, bool milliseconds) {
  const std::tm calendar = to_local(time);
  std::array<char, 80> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &calendar);
  std::string result = text.data();
  if (milliseconds) {
    const auto second = std::chrono::floor<std::chrono::seconds>(time);
    const auto ms = std::chrono::floor<std::chrono::milliseconds>(time - second).count();
    std::snprintf(text.data(), text.size(), ".%03d", static_cast<int>(ms));
    result += text.data();
  }
  const long minutes = std::labs(calendar.tm_gmtoff) / 60;
  std::snprintf(text.data(), text.size(), "%c%02ld:%02ld", calendar.tm_gmtoff < 0 ? '-' : '+',
                minutes / 60, minutes % 60);
  return result + text.data();
}

std::string clock_of(long long tenths, bool exact) {
  const long long seconds = tenths / 10;
  std::array<char, 64> text{};
  if (seconds >= 3600) {
    std::snprintf(text.data(), text.size(), "%lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60,
                  seconds % 60);
  } else {
    std::snprintf(text.data(), text.size(), "%lld:%02lld", seconds / 60, seconds % 60);
  }
  std::string result = text.data();
  if (exact) result += '.' + std::to_string(tenths % 10);
  return result;
}

}  // namespace

Result<TimeText> parse_time(std::string_view text, Timestamp now) {
  if (const auto time = read_time(text, now)) return *time;
  return failure("'" + std::string(text.substr(0, kLongestTime)) +
                     "' is no time: write '2026-11-21 10:15', '2026-11-21', '2026-11', "
                     "'yesterday', '10:15', '2h ago' or RFC 3339",
                 ErrorKind::kUsage);
}

Result<Duration> parse_duration(std::string_view text) {
  Cursor cursor(text.substr(0, kLongestTime));
  const auto duration = read_duration(cursor);
  if (duration && cursor.at_end() && text.size() <= kLongestTime) return *duration;
  return failure("'" + std::string(text.substr(0, kLongestTime)) +
                     "' is no duration: write a number and ms, s, min, h or d, as in '90s' or "
                     "'1h30min'",
                 ErrorKind::kUsage);
}

std::string duration_text(Duration duration) {
  constexpr std::array kSpoken = {
      Unit{"d", std::chrono::hours(24)}, Unit{"h", std::chrono::hours(1)},
      Unit{"min", std::chrono::minutes(1)}, Unit{"s", std::chrono::seconds(1)}};
  for (const Unit& unit : kSpoken) {
    if (duration.count() != 0 && duration % unit.length == Duration::zero()) {
      return std::to_string(duration / unit.length) + std::string(unit.name);
    }
  }
  if (duration == Duration::zero()) return "0s";
  return std::to_string(duration / std::chrono::milliseconds(1)) + "ms";
}

std::string local_time(Timestamp time) {
  return local_time_as(time, false);
}
std::string local_time_exact(Timestamp time) {
  return local_time_as(time, true);
}

std::string clock_text(double seconds) {
  return clock_of(std::llround(std::max(seconds, 0.0)) * 10, false);
}
std::string clock_text_exact(double seconds) {
  return clock_of(std::llround(std::max(seconds, 0.0) * 10), true);
}

}  // namespace koegura::tools
