#include "asked.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <ctime>

namespace koegura::tools {

namespace {

Asked g_asked;
std::atomic<bool> g_recorder = false;
std::atomic<std::time_t> g_last = 0;  // when the last one that counted came
int g_end_of_input = -1;              // /dev/null
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler writes it");
static_assert(std::atomic<std::time_t>::is_always_lock_free, "a signal handler writes it");

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};

std::time_t seconds_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec;
}

// One that comes within two seconds is the same: timeout(1) and some supervisors send each twice.
void on_stop(int signal) {
  const std::time_t now = seconds_now();
  if (!g_asked.stop) {
    g_last = now;
    g_asked.archive = signal == SIGINT;
    g_asked.stop = true;
    // A replay's read that waits for more goes on, and finds the end.
    if (!g_recorder) dup2(g_end_of_input, STDIN_FILENO);
    return;
  }
  if (now <= g_last + 1) return;
  g_last = now;
  if (g_recorder && !g_asked.hurry) {
    g_asked.hurry = true;
    return;
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void on_hangup(int /*signal*/) {
  g_asked.reload = true;
}

void mask(int how) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : kSignals) sigaddset(&signals, signal);
  pthread_sigmask(how, &signals, nullptr);
}

}  // namespace

Asked& asked() {
  return g_asked;
}

void catch_signals(SignalsOf whom) {
  g_recorder = whom == SignalsOf::kRecorder;
  if (g_recorder) mask(SIG_BLOCK);
  if (!g_recorder) g_end_of_input = open("/dev/null", O_RDONLY | O_CLOEXEC);
  struct sigaction action {};
  action.sa_handler = on_stop;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  if (!g_recorder) return;
  action.sa_handler = on_hangup;
  sigaction(SIGHUP, &action, nullptr);
}

void let_signals_through() {
  mask(SIG_UNBLOCK);
}

}  // namespace koegura::tools
