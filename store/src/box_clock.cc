#include "store/box_clock.h"

#include <sys/timex.h>

#include <ctime>

#include "durable_file.h"

namespace koegura::store {

namespace {

constexpr const char* kBootId = "/proc/sys/kernel/random/boot_id";
constexpr std::size_t kBootIdBytes = 64;

bool is_synchronised() {
  timex clock{};
  return ::adjtimex(&clock) >= 0 && (clock.status & STA_UNSYNC) == 0;
}

Duration since_boot() {
  timespec time{};
  if (::clock_gettime(CLOCK_BOOTTIME, &time) != 0) return {};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// Without its hyphens: 32 hexadecimal digits.
std::string boot_id() {
  std::string text = read_file(kBootId, kBootIdBytes).value_or("");
  std::erase_if(text, [](char c) { return c == '-' || c == '\n'; });
  return text;
}

}  // namespace

BoxMoment box_moment() {
  static const std::string boot = boot_id();
  return {.time = std::chrono::system_clock::now(),
          .synchronised = is_synchronised(),
          .boot = boot,
          .up = since_boot()};
}

}  // namespace koegura::store
