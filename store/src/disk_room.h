// DiskRoom: whether the archive's disk takes another call. It does not while less than the reserve
// is free, nor, after it refused a call (full, quota, read-only, broken), before as much can be
// written again.
//
// Threads: any.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "capture/error.h"

namespace koegura::store {

struct DiskSpace {
  std::uint64_t free = 0;
  std::uint64_t total = 0;
};

class DiskRoom {
 public:
  // Files made to find out lie in `temporary`, without a name.
  DiskRoom(std::string folder, std::string temporary, std::uint64_t reserve_bytes)
      : folder_(std::move(folder)),
        temporary_(std::move(temporary)),
        reserve_bytes_(reserve_bytes) {}

  [[nodiscard]] Result<DiskSpace> space() const;
  // Says which disk, how much is free and how much must be, and what to do.
  [[nodiscard]] Result<void> check() const;
  // So much could not be written: check tries it from now on until it succeeds.
  void note_refusal(std::uint64_t bytes) { wanted_bytes_ = std::max<std::uint64_t>(bytes, 1); }
  void set_reserve(std::uint64_t bytes) { reserve_bytes_ = bytes; }

 private:
  std::string folder_;
  std::string temporary_;
  std::atomic<std::uint64_t> reserve_bytes_;
  mutable std::atomic<std::uint64_t> wanted_bytes_ = 0;
};

}  // namespace koegura::store
