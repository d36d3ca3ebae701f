#include "current_directory.h"

#include <utility>

#include "directory_load.h"

namespace koegura::store {

namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

}  // namespace

std::shared_ptr<const Directory> CurrentDirectory::get() {
  const MutexLock lock(mutex_);
  look();
  return good_;
}

std::string CurrentDirectory::problem() {
  const MutexLock lock(mutex_);
  look();
  return problem_;
}

CurrentDirectory::Version CurrentDirectory::version_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {.inode = status.st_ino,
          .size = status.st_size,
          .changed_ns = status.st_ctim.tv_sec * kNsPerSecond + status.st_ctim.tv_nsec};
}

// The version is taken before the file is read: what changes in between is read the next time.
void CurrentDirectory::look() {
  const Version now = version_of(path_);
  if (looked_ && now == seen_) return;
  looked_ = true;
  seen_ = now;
  DirectoryFaults faults;
  auto rows = load_directory(path_, region_, faults);
  if (!rows) {
    problem_ = rows.error().message;
  } else if (faults.count > 0) {
    const std::size_t line = faults.first.front().line;
    problem_ = path_ + " cannot be read" + (line == 0 ? "" : ", line " + std::to_string(line));
  } else {
    problem_.clear();
    good_ = std::make_shared<const Directory>(std::move(*rows), region_);
  }
}

}  // namespace koegura::store
