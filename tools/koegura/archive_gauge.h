// ArchiveGauge: how full the archive and its disk are, looked at every minute by a thread of its
// own: a disk that hangs holds up the look, and nothing else.
//
// Threads: latest on any.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "store/archive.h"

namespace koegura::tools {

class ArchiveGauge {
 public:
  // REQUIRES: archive outlives this.
  explicit ArchiveGauge(const store::Archive& archive);

  // Nothing until the first look is over, and while the archive cannot be asked.
  [[nodiscard]] std::optional<store::ArchiveSummary> latest() const;

 private:
  void look(const std::stop_token& stop);

  const store::Archive& archive_;
  mutable std::mutex mutex_;
  std::condition_variable_any stopped_;
  std::optional<store::ArchiveSummary> latest_;  // guarded by mutex_
  std::jthread thread_;                          // last: it stops before what it uses goes
};

}  // namespace koegura::tools
