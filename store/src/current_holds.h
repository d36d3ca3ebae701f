// CurrentHolds: what is held, as DIR/holds.jsonl says it now.
//
// Threads: any.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "capture/error.h"
#include "file_version.h"
#include "holds.h"
#include "mutex.h"

namespace koegura::store {

// The text of such a file; nothing if it is not there.
[[nodiscard]] Result<std::optional<std::string>> read_holds_file(const std::string& path);

class CurrentHolds {
 public:
  CurrentHolds(std::string path, std::string region)
      : path_(std::move(path)), region_(std::move(region)) {}

  // One stat; reads the file if it has changed since. A file that is not there holds nothing; one
  // that cannot be read is an error: nobody may take it for nothing.
  [[nodiscard]] Result<std::shared_ptr<const Holds>> get();

 private:
  [[nodiscard]] Result<std::shared_ptr<const Holds>> read() const;

  const std::string path_;
  const std::string region_;
  Mutex mutex_;
  bool looked_ KOEGURA_GUARDED_BY(mutex_) = false;
  FileVersion seen_ KOEGURA_GUARDED_BY(mutex_);
  Result<std::shared_ptr<const Holds>> holds_ KOEGURA_GUARDED_BY(mutex_);
};

}  // namespace koegura::store
