// Published: the latest figures of one thread, for any other to read. Publishing never waits: while
// somebody reads, the figures stay as they are until the next time.
#pragma once

#include <mutex>
#include <utility>

namespace koegura::capture {

template <typename T>
class Published {
 public:
  void publish(T figures) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (lock) figures_ = std::move(figures);
  }
  // The last ones, which must arrive.
  void publish_last(T figures) {
    const std::lock_guard lock(mutex_);
    figures_ = std::move(figures);
  }
  [[nodiscard]] T read() const {
    const std::lock_guard lock(mutex_);
    return figures_;
  }

 private:
  mutable std::mutex mutex_;
  T figures_{};  // guarded by mutex_
};

}  // namespace koegura::capture
