// reload: what a changed configuration changes while the recorder runs, and what only its next
// start does.
//
// Threads: none; pure functions.
#pragma once

#include <string>
#include <vector>

#include "config.h"

namespace koegura::tools {

struct ChangedKey {
  std::string key;  // "capture.max_streams"
  std::string from;
  std::string to;
  bool at_once = false;  // else at the next start
};

// Keys whose value differs, in the file's order.
[[nodiscard]] std::vector<ChangedKey> changed_keys(const Config& running, const Config& wanted);
// What is running once all that can change has changed.
[[nodiscard]] Config reloaded(const Config& running, const Config& wanted);

}  // namespace koegura::tools
