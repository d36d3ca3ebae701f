// Scrubber: the recorder's pass over its own archive in the background: every call file is read
// again and compared with its record within a month, at the lowest priority, over and over.
//
// Where it stands is in DIR/scrub.json, which `koegura scrub` goes on from and writes, too; who has
// DIR/scrub.lock (flock) may.
//
// Threads: its own one; figures from any.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "output.pb.h"
#include "store/archive.h"
#include "store/scrub.h"

namespace koegura::tools {

struct ScrubberOptions {
  Duration pass = std::chrono::hours(24 * 30);  // how long one may take
  std::uint64_t least_bytes_per_s = 256U << 10U;
  Duration pause = std::chrono::minutes(1);  // between two stretches of reading
};

class Scrubber {
 public:
  // REQUIRES: archive outlives it.
  [[nodiscard]] static std::unique_ptr<Scrubber> start(const store::Archive& archive,
                                                       const std::string& directory,
                                                       const ScrubberOptions& options = {});
  virtual ~Scrubber() = default;  // stops within the call that is being read

  // As DIR/scrub.json: how far the pass is, when the last whole one ended, what is damaged.
  [[nodiscard]] virtual ScrubState figures() const = 0;
};

}  // namespace koegura::tools
