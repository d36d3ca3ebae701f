#include "eal_output.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <sstream>

namespace koegura::capture {

EalOutput::EalOutput(bool keep) {
  if (!keep) return;
  kept_ = ::memfd_create("eal-output", MFD_CLOEXEC);
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (kept_ >= 0 && nowhere >= 0) {
    std::fflush(nullptr);
    stdout_ = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    stderr_ = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    ::dup2(nowhere, STDOUT_FILENO);
    ::dup2(kept_, STDERR_FILENO);
  }
  if (nowhere >= 0) ::close(nowhere);
}

EalOutput::~EalOutput() {
  std::fflush(nullptr);
  if (stdout_ >= 0) {
    ::dup2(stdout_, STDOUT_FILENO);
    ::close(stdout_);
  }
  if (stderr_ >= 0) {
    ::dup2(stderr_, STDERR_FILENO);
    ::close(stderr_);
  }
  if (kept_ >= 0) ::close(kept_);
}

void EalOutput::forget() {
  std::fflush(nullptr);
  if (kept_ >= 0) forgotten_ = ::lseek(kept_, 0, SEEK_END);
}

std::string EalOutput::quoted() const {
  if (kept_ < 0) return {};
  std::fflush(nullptr);
  std::array<char, 4096> text{};
  const ssize_t size = ::pread(kept_, text.data(), text.size(), forgotten_);
  std::istringstream lines(std::string(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0));
  std::string quote;
  std::string line;
  std::string last;          // EAL reads its arguments twice, and complains twice
  constexpr int kLines = 3;  // the cause comes first, then what it stopped
  for (int count = 0; count < kLines && std::getline(lines, line);) {
    if (line.empty() || line == last) continue;
    quote += (count++ == 0 ? " (" : "; ") + line;
    last = line;
  }
  return quote.empty() ? quote : quote + ')';
}

}  // namespace koegura::capture
