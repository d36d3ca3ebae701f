// RunOutlet: where a spool's full runs go: straight to the disk, or to the thread that writes.
//
// Threads: one, the spool's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "block_pool.h"
#include "spool_segment.h"

namespace koegura::capture {

inline constexpr std::uint32_t kSmallRun = 2048;

// A run on its way, and its memory: what is in it is run->length bytes.
struct QueuedRun {
  SpooledRun* run = nullptr;  // held once
  std::byte* blocks = nullptr;
  BlockPool* pool = nullptr;  // null: the memory is its own
  std::uint32_t capacity = 0;
};

// Gives back the memory, and the hold. REQUIRES: on the thread of the pool.
void dispose(const QueuedRun& queued);

class RunOutlet {
 public:
  explicit RunOutlet(std::uint32_t run_bytes) : small(kSmallRun), large(run_bytes) {}
  RunOutlet(const RunOutlet&) = delete;
  RunOutlet& operator=(const RunOutlet&) = delete;
  virtual ~RunOutlet() = default;

  // Where the next runs go to, until it is full. Nothing is on disk yet.
  [[nodiscard]] virtual SegmentHold make_segment(Duration wall_offset) = 0;
  // May a run with memory of so many bytes be put? If not, the disk is too slow, or refuses. A
  // call's last run, which cannot wait where it is, may stand beyond the bound.
  [[nodiscard]] virtual bool has_room(std::uint32_t capacity, bool is_last) = 0;
  virtual void put(const QueuedRun& queued) = 0;
  // Everything that was put can be read back, or will be. False: what is not written yet never
  // will, if not tried again.
  virtual bool settle() = 0;
  [[nodiscard]] virtual SpoolStats stats() const = 0;
  [[nodiscard]] virtual const std::string& last_error() const = 0;

  // Memory for runs: it outlives the spool if what was put is not yet written.
  BlockPool small;
  BlockPool large;
};

}  // namespace koegura::capture
