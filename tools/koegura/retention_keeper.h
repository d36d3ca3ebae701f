// RetentionKeeper: the recorder's look at what is due, once a day; and, if it is told to, the
// erasure of it.
//
// Threads: its own one, at the lowest priority; figures and set_automatic from any.
#pragma once

#include <chrono>
#include <memory>

#include "output.pb.h"
#include "store/archive.h"

namespace koegura::tools {

struct RetentionKeeperOptions {
  bool automatic = false;  // it erases
  Duration first = std::chrono::minutes(1);
  Duration every = std::chrono::hours(24);
};

class RetentionKeeper {
 public:
  // REQUIRES: archive outlives it.
  [[nodiscard]] static std::unique_ptr<RetentionKeeper> start(
      store::Archive& archive, const RetentionKeeperOptions& options);
  virtual ~RetentionKeeper() = default;  // stops within the part that is being erased

  // Without a time of a look: there was none yet.
  [[nodiscard]] virtual RetentionStatus figures() const = 0;
  // Turned on, it does so at once.
  virtual void set_automatic(bool automatic) = 0;
};

}  // namespace koegura::tools
