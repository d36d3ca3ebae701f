#include "calendar.h"

#include <array>
#include <ctime>

namespace koegura::store {

namespace {

std::tm local_tm(Timestamp time) {
  const auto seconds = static_cast<std::time_t>(
      std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count());
  std::tm local{};
  localtime_r(&seconds, &local);
  return local;
}

std::string formatted(const std::tm& local, const char* format) {
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), format, &local)};
}

}  // namespace

LocalTime local_time(Timestamp time) {
  const std::tm local = local_tm(time);
  return {formatted(local, "%Y/%m/%d"), formatted(local, "%Y%m%dT%H%M%S%z")};
}

Timestamp years_after(Timestamp time, int years) {
  const std::tm local = local_tm(time);
  const std::chrono::year_month_day day{std::chrono::year(local.tm_year + 1900 + years),
                                        std::chrono::month(static_cast<unsigned>(local.tm_mon) + 1),
                                        std::chrono::day(static_cast<unsigned>(local.tm_mday))};
  // A February 29th that the year has not counts on to March 1st.
  const Timestamp on_the_clock = std::chrono::sys_days(day) + std::chrono::hours(local.tm_hour) +
                                 std::chrono::minutes(local.tm_min) +
                                 std::chrono::seconds(local.tm_sec) +
                                 (time - std::chrono::floor<std::chrono::seconds>(time));
  // The offset is that of the later day. (mktime would find it too, but reads TZ anew on every
  // call.)
  const std::tm then = local_tm(on_the_clock - std::chrono::seconds(local.tm_gmtoff));
  return on_the_clock - std::chrono::seconds(then.tm_gmtoff);
}

}  // namespace koegura::store
