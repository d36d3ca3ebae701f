#include "terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace koegura::tools {

namespace {

// Asked before a pager takes stdout's place: what the pager shows is still the terminal.
bool has_terminal() {
  static const bool is_terminal = isatty(STDOUT_FILENO) == 1;
  return is_terminal;
}

bool has_colours() {
  static const bool colours = [] {
    const char* refused = std::getenv("NO_COLOR");
    const char* terminal = std::getenv("TERM");
    return has_terminal() && (refused == nullptr || *refused == '\0') && terminal != nullptr &&
           std::strcmp(terminal, "dumb") != 0;
  }();
  return colours;
}

const char* sequence_of(Colour colour) {
  switch (colour) {
    case Colour::kPlain:
      return "";
    case Colour::kBold:
      return "\033[1m";
    case Colour::kDim:
      return "\033[2m";
    case Colour::kRed:
      return "\033[31m";
    case Colour::kGreen:
      return "\033[32m";
    case Colour::kYellow:
      return "\033[33m";
    case Colour::kCyan:
      return "\033[36m";
  }
  return "";
}

[[noreturn]] void become_pager(const char* pager, int input) {
  dup2(input, STDIN_FILENO);
  setenv("LESS", "FRX", 0);  // quit if it fits, colours, leave the screen as it is
  setenv("LESSCHARSET", "utf-8", 0);
  execl("/bin/sh", "sh", "-c", pager, nullptr);
  _exit(127);
}

}  // namespace

bool stdout_is_terminal() {
  return has_terminal();
}
bool stderr_is_terminal() {
  return isatty(STDERR_FILENO) == 1;
}

std::size_t terminal_width() {
  constexpr std::size_t kDefault = 80;
  winsize size{};
  if (!has_terminal()) return kDefault;
  // stdout may be the pager by now, stderr is still the terminal.
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 &&
      ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) {
    return kDefault;
  }
  return size.ws_col == 0 ? kDefault : size.ws_col;
}

std::string coloured(Colour colour, std::string_view text) {
  if (!has_colours() || colour == Colour::kPlain) return std::string(text);
  return sequence_of(colour) + std::string(text) + "\033[0m";
}

Pager::Pager() {
  if (!has_terminal()) return;
  const char* chosen = std::getenv("PAGER");
  const char* pager = chosen == nullptr ? "less" : chosen;
  if (*pager == '\0' || std::strcmp(pager, "cat") == 0) return;
  if (chosen == nullptr && std::system("command -v less >/dev/null 2>&1") != 0) return;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return;
  std::fflush(stdout);
  process_ = fork();
  if (process_ == 0) become_pager(pager, ends[0]);
  if (process_ > 0) {
    dup2(ends[1], STDOUT_FILENO);
    std::signal(SIGINT, SIG_IGN);  // ^C belongs to the pager now
  }
  close(ends[0]);
  close(ends[1]);
}

Pager::~Pager() {
  if (process_ <= 0) return;
  std::fflush(stdout);
  const int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
  dup2(nothing, STDOUT_FILENO);  // the pager sees the end of its input
  close(nothing);
  while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace koegura::tools
