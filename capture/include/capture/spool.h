// Spool: every packet that matters, in rolling pcapng segments on disk, one stream's packets
// gathered into runs so that reading one call back costs one call's bytes.
//
//   spool  = segment*           a file: section header, interface (LINKTYPE_RAW, ns), blocks
//   append* take                append gathers into the run; take puts the run on disk
//   SpooledPackets              holds its segments; a full segment nobody holds is deleted
//
// Threads: append and take belong to the capture thread. SpooledPackets may be read,
// copied and destroyed on any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "capture/error.h"
#include "capture/frame.h"
#include "capture/time.h"

namespace koegura::capture {

// A file of the spool; a full one is deleted with its last holder.
class SpoolSegment;
// Memory in blocks of one size (block_pool.h).
class BlockPool;

// Holds a segment: counts on the segment itself (not shared_ptr: one word, and the count is
// visible to the spool).
class SegmentHold {
 public:
  SegmentHold() = default;
  explicit SegmentHold(SpoolSegment* segment);
  SegmentHold(const SegmentHold& other);
  SegmentHold(SegmentHold&& other) noexcept;
  SegmentHold& operator=(SegmentHold other) noexcept;
  ~SegmentHold();
  [[nodiscard]] SpoolSegment* get() const { return segment_; }

 private:
  SpoolSegment* segment_ = nullptr;
};

// One run: whole enhanced packet blocks, back to back, in one segment.
struct SpoolExtent {
  SegmentHold segment;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
};

struct SpooledPacket {
  Timestamp time;
  Bytes ip;  // the IP datagram; lives until the reader's next call
};

// The packets of one stream, or of one call's signalling, in order of arrival.
class SpooledPackets {
 public:
  [[nodiscard]] bool empty() const { return extents_.empty(); }
  [[nodiscard]] std::uint64_t bytes() const;  // on disk
  void append(SpoolExtent extent) { extents_.push_back(std::move(extent)); }
  [[nodiscard]] const std::vector<SpoolExtent>& extents() const { return extents_; }
  template <typename Condition>
  void erase_if(Condition condition) {
    std::erase_if(extents_, condition);
  }

 private:
  std::vector<SpoolExtent> extents_;
};

// Reads packets back, one extent at a time. REQUIRES: packets outlives the reader.
class SpoolReader {
 public:
  explicit SpoolReader(const SpooledPackets& packets) : packets_(&packets) {}
  // False at the end. An error names the segment file and the offset.
  [[nodiscard]] Result<bool> next(SpooledPacket& packet);

 private:
  const SpooledPackets* packets_;
  std::size_t next_extent_ = 0;
  std::vector<std::byte> buffer_;
  std::size_t position_ = 0;
};

// Gives a run's memory back to the spool it came from.
struct RunMemory {
  BlockPool* pool = nullptr;  // null: too large for the pool
  void operator()(std::byte* blocks) const;
};

// What one stream has not yet given to a segment: a small buffer at first, then one of run_bytes,
// as most of what begins like RTP is none. Owned by the stream. REQUIRES: the spool outlives it.
struct SpoolRun {
  std::unique_ptr<std::byte[], RunMemory> blocks;
  std::uint32_t used = 0;
  std::uint32_t capacity = 0;
  SpooledPackets packets;  // already in segments
};

struct SpoolOptions {
  std::uint32_t segment_bytes = 64U << 20U;
  std::uint32_t run_bytes = 16U << 10U;  // memory a stream may hold before it is given over
};

struct SpoolStats {
  std::uint64_t packets = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t segments = 0;
  std::uint64_t write_errors = 0;  // runs the disk refused
};

class Spool {
 public:
  // Makes the folder (0750) if it is missing. Segments are 0640.
  // `name` tells the segments of several spools in one folder apart.
  [[nodiscard]] static Result<std::unique_ptr<Spool>> open(const std::string& directory,
                                                           const SpoolOptions& options,
                                                           const std::string& name = "");
  ~Spool();

  // Adds an IP datagram to the run. False if the disk refused (or the datagram is larger than IP
  // allows): the packet is not kept.
  [[nodiscard]] bool append(SpoolRun& run, Timestamp time, Bytes ip);
  // Gives the run's packets so far to a segment and the segment to the kernel, and returns them
  // all. The run can go on: a later call returns these and the newer ones.
  [[nodiscard]] SpooledPackets take(SpoolRun& run);
  // Writes the full runs that wait for more. What it cannot write goes on waiting.
  void flush() { static_cast<void>(write_queue()); }
  // Asks for the memory that append of a datagram of so many bytes will write to.
  static void prefetch(const SpoolRun& run, std::size_t bytes) {
    if (run.blocks == nullptr) return;
    constexpr std::size_t kLine = 64;
    for (std::size_t at = 0; at < bytes + kLine && at < 5 * kLine; at += kLine) {
      __builtin_prefetch(run.blocks.get() + run.used + at, 1);
    }
  }
  // The last write error, for the message at the end; empty if none.
  [[nodiscard]] const std::string& last_error() const { return last_error_; }
  [[nodiscard]] const SpoolStats& stats() const { return stats_; }

 private:
  Spool(std::string prefix, const SpoolOptions& options);
  void grow(SpoolRun& run, std::uint32_t needed);
  bool queue_run(SpoolRun& run);
  bool write_queue();
  void forget_unwritten(SpooledPackets& packets) const;
  bool start_segment();
  bool refuse(const std::string& path, const char* what);

  std::string prefix_;  // of the segments' paths
  SpoolOptions options_;
  std::unique_ptr<BlockPool> small_;
  std::unique_ptr<BlockPool> large_;
  // A full run waits here for others, as one large write costs the kernel half of many small ones.
  // It has its place in the current segment already.
  struct QueuedRun {
    std::unique_ptr<std::byte[], RunMemory> blocks;
    std::uint32_t used = 0;
  };
  std::vector<QueuedRun> queue_;
  std::uint32_t queue_offset_ = 0;  // of the first queued run; what lies before it is written
  SegmentHold current_;
  std::uint64_t next_number_ = 0;
  std::uint32_t current_used_ = 0;
  std::string last_error_;
  SpoolStats stats_;
};

}  // namespace koegura::capture
