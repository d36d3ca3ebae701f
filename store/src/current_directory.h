// CurrentDirectory: the archive's directory as its file says it now. One that cannot be read stops
// nobody: the last good one stays in use.
//
// Threads: any.
#pragma once

#include <memory>
#include <string>

#include "file_version.h"
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
  void look() KOEGURA_REQUIRES(mutex_);

  const std::string path_;
  const std::string region_;
  Mutex mutex_;
  bool looked_ KOEGURA_GUARDED_BY(mutex_) = false;
  FileVersion seen_ KOEGURA_GUARDED_BY(mutex_);
  std::shared_ptr<const Directory> good_ KOEGURA_GUARDED_BY(mutex_) =
      std::make_shared<const Directory>();
  std::string problem_ KOEGURA_GUARDED_BY(mutex_);
};

}  // namespace koegura::store
