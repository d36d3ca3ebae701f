#include "current_directory.h"

#include <utility>

#include "directory_load.h"

namespace koegura::store {

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

void CurrentDirectory::look() {
  const FileVersion now = version_of(path_);
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
