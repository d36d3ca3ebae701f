// EalOutput: what DPDK and its drivers print, kept off the terminal and at hand for an error.
//
// They write to stdout and stderr themselves (usage, getopt's complaints, logs), so the process's
// are pointed elsewhere for as long as this lives. Threads: no other may print meanwhile.
#pragma once

#include <string>

namespace koegura::capture {

class EalOutput {
 public:
  explicit EalOutput(bool keep);  // false: everything is printed as ever
  ~EalOutput();
  EalOutput(const EalOutput&) = delete;
  EalOutput& operator=(const EalOutput&) = delete;

  // What was printed up to now is not to be quoted.
  void forget();
  // " (what went wrong, as it says; and its next lines)", or nothing.
  [[nodiscard]] std::string quoted() const;

 private:
  int kept_ = -1;
  long long forgotten_ = 0;  // bytes
  int stdout_ = -1;
  int stderr_ = -1;
};

}  // namespace koegura::capture
