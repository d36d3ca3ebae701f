// FileVersion: what of a file changes when it is written or replaced, so that one stat tells
// whether what was read of it still stands.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace koegura::store {

// Of a file that is not there all is 0.
struct FileVersion {
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t changed_ns = 0;
  bool operator==(const FileVersion&) const = default;
};
// To be taken before the file is read: what changes in between is then read the next time.
[[nodiscard]] FileVersion version_of(const std::string& path);

}  // namespace koegura::store
