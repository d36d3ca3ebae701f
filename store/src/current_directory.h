// CurrentDirectory: the archive's directory as its file says it now. One that cannot be read stops
// nobody: the last good one stays in use.
//
// Threads: any.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <string>

#include "mutex.h"
#include "store/directory.h"

namespace koegura::store {

class CurrentDirectory {
 public:
  CurrentDirectory(std::string path, std::string region)
      : path_(std::move(path)), region_(std::move(region)) {}

  // One stat; reads the file if it has changed since. Never null.
  [[nodiscard]] std::shared_ptr<const Directory> get();
  // Why the file as it is now is not in use, without anything of its content; empty if it is. As
  // get.
  [[nodiscard]] std::string problem();

 private:
  // What changes when a file is written or replaced; of none, all is 0.
  struct Version {
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t changed_ns = 0;
    bool operator==(const Version&) const = default;
  };

  [[nodiscard]] static Version version_of(const std::string& path);
  void look() KOEGURA_REQUIRES(mutex_);

  const std::string path_;
  const std::string region_;
  Mutex mutex_;
  bool looked_ KOEGURA_GUARDED_BY(mutex_) = false;
  Version seen_ KOEGURA_GUARDED_BY(mutex_);
  std::shared_ptr<const Directory> good_ KOEGURA_GUARDED_BY(mutex_) =
      std::make_shared<const Directory>();
  std::string problem_ KOEGURA_GUARDED_BY(mutex_);
};

}  // namespace koegura::store
