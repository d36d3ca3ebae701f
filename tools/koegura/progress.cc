#include "progress.h"

#include <algorithm>
#include <cstdio>

#include "quantity_text.h"
#include "terminal.h"
#include "text_width.h"
#include "time_text.h"

namespace koegura::tools {

namespace {

constexpr auto kFirstShown = std::chrono::seconds(1);
constexpr auto kProgressRedrawn = std::chrono::milliseconds(100);

std::string rate_text(double per_second, const std::string& unit) {
  const auto rate = static_cast<std::uint64_t>(per_second);
  return (unit == "B" ? bytes_text(rate) : count_text(rate) + ' ' + unit) + "/s";
}

}  // namespace

Progress::Progress(std::string label, std::string unit)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      enabled_(stderr_is_terminal()),
      begun_(Clock::now()),
      next_(begun_ + kFirstShown) {}

Progress::~Progress() {
  clear();
}

void Progress::update(std::uint64_t done, std::uint64_t total) {
  if (!enabled_) return;
  const auto now = Clock::now();
  if (now < next_) return;
  next_ = now + kProgressRedrawn;
  const double elapsed = std::chrono::duration<double>(now - begun_).count();
  const std::string line = printable(label_) + "  " + progress_text(done, total, elapsed, unit_);
  // One column stays free: some terminals wrap when the last one is written.
  std::fprintf(stderr, "\r\033[K%s", clipped(line, terminal_width() - 1).c_str());
  std::fflush(stderr);
  drawn_ = true;
}

void Progress::clear() {
  if (!drawn_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

std::string progress_text(std::uint64_t done, std::uint64_t total, double elapsed_s,
                          const std::string& unit) {
  const double rate = elapsed_s > 0 ? static_cast<double>(done) / elapsed_s : 0;
  if (total == 0) return rate_text(rate, unit) + "  " + clock_text(elapsed_s);
  constexpr std::size_t kBar = 24;
  const double part = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const auto full = static_cast<std::size_t>(part * kBar);
  std::string text = '[' + std::string(full, '#') + std::string(kBar - full, '.') + "] " +
                     padded_left(std::to_string(static_cast<int>(part * 100)), 3) + " %  " +
                     rate_text(rate, unit);
  if (rate > 0) text += "  ETA " + clock_text((1 - part) * static_cast<double>(total) / rate);
  return text;
}

}  // namespace koegura::tools
