// SpoolSegment: one file of a spool; SpooledRun: a stretch of it, counted by its holders.
//
// A run that nobody holds any more is let go: by the segment itself, whose file goes with its last
// run; or, in a folder that outlives the process, by its RunKeeper, which notes it first.
//
// Threads: any; who holds what is counted atomically.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "capture/spool.h"

namespace koegura::capture {

// What a spool does with the runs that nobody holds any more.
class RunKeeper {
 public:
  virtual ~RunKeeper() = default;
  // Takes the runs. All of one call's come together, and are noted together.
  virtual void let_go(std::span<SpooledRun* const> runs) = 0;
  // Holds them until it is closed.
  virtual void keep(std::vector<RunHold> runs) = 0;
  // From then on nothing is noted or removed.
  [[nodiscard]] virtual bool is_closed() const = 0;
};

class SpoolSegment {
 public:
  // keeper: null if the file goes with its last run. preamble: what the file begins with.
  SpoolSegment(std::string path, std::uint32_t number, RunKeeper* keeper,
               std::vector<std::byte> preamble)
      : path_(std::move(path)), number_(number), keeper_(keeper), preamble_(std::move(preamble)) {}
  SpoolSegment(const SpoolSegment&) = delete;
  SpoolSegment& operator=(const SpoolSegment&) = delete;

  void hold() { holders_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::uint32_t number() const { return number_; }
  [[nodiscard]] RunKeeper* keeper() const { return keeper_; }
  [[nodiscard]] const std::vector<std::byte>& preamble() const { return preamble_; }

  // So many bytes from the front can be read back.
  [[nodiscard]] std::uint64_t written() const { return written_.load(std::memory_order_acquire); }
  void set_written(std::uint64_t bytes) { written_.store(bytes, std::memory_order_release); }

 private:
  ~SpoolSegment();

  const std::string path_;
  const std::uint32_t number_;
  RunKeeper* const keeper_;
  const std::vector<std::byte> preamble_;
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint32_t> holders_{0};
};

// Holds a segment.
class SegmentHold {
 public:
  SegmentHold() = default;
  explicit SegmentHold(SpoolSegment* segment) : segment_(segment) {
    if (segment_ != nullptr) segment_->hold();
  }
  SegmentHold(const SegmentHold& other) : SegmentHold(other.segment_) {}
  SegmentHold(SegmentHold&& other) noexcept : segment_(std::exchange(other.segment_, nullptr)) {}
  SegmentHold& operator=(SegmentHold other) noexcept {
    std::swap(segment_, other.segment_);
    return *this;
  }
  ~SegmentHold() {
    if (segment_ != nullptr) segment_->release();
  }
  [[nodiscard]] SpoolSegment* get() const { return segment_; }
  SpoolSegment* operator->() const { return segment_; }

 private:
  SpoolSegment* segment_ = nullptr;
};

// Whole enhanced packet blocks, back to back. `length` grows only while one spool alone holds it.
class SpooledRun {
 public:
  SpooledRun(SegmentHold in, std::uint32_t at, std::uint32_t bytes)
      : segment(std::move(in)), offset(at), length(bytes) {}

  void hold() { holders_.fetch_add(1, std::memory_order_relaxed); }
  // True if that was the last holder: the run is to be let go.
  [[nodiscard]] bool drop() { return holders_.fetch_sub(1, std::memory_order_acq_rel) == 1; }
  [[nodiscard]] bool is_shared() const { return holders_.load(std::memory_order_acquire) > 1; }
  [[nodiscard]] std::uint64_t end() const { return std::uint64_t{offset} + length; }

  const SegmentHold segment;
  const std::uint32_t offset;
  std::uint32_t length;

 private:
  std::atomic<std::uint32_t> holders_{0};
};

// Runs that nobody holds any more.
void let_go(std::span<SpooledRun* const> runs);

}  // namespace koegura::capture
