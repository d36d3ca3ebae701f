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

}  // namespace koegura::store
