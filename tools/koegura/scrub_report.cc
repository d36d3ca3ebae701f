#include "scrub_report.h"

#include <csignal>
#include <cstdio>

#include "json.h"
#include "quantity_text.h"
#include "text_width.h"

namespace koegura::tools {

namespace {

std::atomic<bool> scrub_stop_asked = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler writes it");

std::uint64_t whole(double count) {
  return static_cast<std::uint64_t>(count);
}

}  // namespace

DamagedCall damaged_call(const store::Damage& damage, Timestamp now) {
  DamagedCall call;
  call.set_id(damage.id);
  call.set_path(printable(damage.path));
  call.set_why(printable(damage.why));
  set_time(*call.mutable_found(), now);
  *call.mutable_seen() = call.found();
  return call;
}

void print_damaged(const DamagedCall& call, bool json) {
  const std::string line =
      json ? json_of(call) : call.id() + "  " + call.path() + ": " + call.why();
  std::puts(line.c_str());
  std::fflush(stdout);
}

void print_result(const ScrubResult& result, bool json) {
  if (json) {
    std::puts(json_of(result).c_str());
  } else {
    const std::uint64_t damaged = whole(result.damaged());
    std::printf("%s read, %s: %s\n", plural(whole(result.calls()), "call").c_str(),
                bytes_text(whole(result.bytes())).c_str(),
                damaged == 0 ? "all whole" : (count_text(damaged) + " damaged").c_str());
  }
  std::fflush(stdout);
}

Result<void> verdict_of(const ScrubResult& result, const std::string& again) {
  if (result.damaged() > 0) {
    return failure(plural(whole(result.damaged()), "call") +
                       (result.damaged() > 1 ? " are" : " is") +
                       " damaged: restore the files named from a copy; then, if it is the index "
                       "that is wrong, `koegura reindex`",
                   ErrorKind::kVerification);
  }
  if (result.complete()) return {};
  return failure("interrupted: " + again);
}

const std::atomic<bool>& stop_on_signal() {
  struct sigaction action {};
  action.sa_handler = [](int) { scrub_stop_asked = true; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  return scrub_stop_asked;
}

}  // namespace koegura::tools
