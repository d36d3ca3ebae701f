#include "service_notice.h"

#include <systemd/sd-daemon.h>

#include <ctime>

#include "text_width.h"

namespace koegura::tools {

namespace {

// A message is lines of KEY=VALUE.
void notify(const std::string& message) {
  constexpr int kKeepEnvironment = 0;
  // Nothing is to be done about a manager that does not take it.
  static_cast<void>(sd_notify(kKeepEnvironment, message.c_str()));
}

std::string status_line_of(const std::string& status) {
  return "STATUS=" + printable(status);
}

}  // namespace

void notify_ready(const std::string& status) {
  notify("READY=1\n" + status_line_of(status));
}

void notify_status(const std::string& status) {
  notify(status_line_of(status));
}

void notify_alive() {
  notify("WATCHDOG=1");
}

void notify_reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  constexpr long long kMicroseconds = 1'000'000;
  constexpr long long kNanoseconds = 1000;
  const long long us = now.tv_sec * kMicroseconds + now.tv_nsec / kNanoseconds;
  notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(us));
}

void notify_stopping(const std::string& status) {
  notify("STOPPING=1\n" + status_line_of(status));
}

}  // namespace koegura::tools
