#include "current_holds.h"

#include "durable_file.h"
#include "open_file.h"

namespace koegura::store {

Result<std::optional<std::string>> read_holds_file(const std::string& path) {
  const Result<OpenFile> file = OpenFile::for_reading(path);
  if (!file && file.error().kind == ErrorKind::kNotFound) return std::optional<std::string>();
  if (!file) return tl::make_unexpected(file.error());
  return read_file(path).map([](std::string text) { return std::optional(std::move(text)); });
}

Result<std::shared_ptr<const Holds>> CurrentHolds::read() const {
  const Result<std::optional<std::string>> text = read_holds_file(path_);
  if (!text) return tl::make_unexpected(text.error());
  if (!*text) return std::make_shared<const Holds>();
  Result<std::vector<Hold>> holds = parse_holds(**text);
  if (!holds) {
    return failure(path_ + ": " + holds.error().message +
                   ": nothing is erased until it is restored from a copy (`koegura verify` says "
                   "what was held)");
  }
  return std::make_shared<const Holds>(std::move(*holds), region_);
}

Result<std::shared_ptr<const Holds>> CurrentHolds::get() {
  const MutexLock lock(mutex_);
  const FileVersion now = version_of(path_);
  if (looked_ && now == seen_) return holds_;
  looked_ = true;
  seen_ = now;
  holds_ = read();
  return holds_;
}

}  // namespace koegura::store
