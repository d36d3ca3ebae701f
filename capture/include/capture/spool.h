// Spool: every packet that matters, in rolling pcapng segments on disk, one stream's packets
// gathered into runs so that reading one call back costs one call's bytes.
//
//   spool  = segment*           a file: section header, interface (LINKTYPE_RAW, ns), blocks
//   append* take                append gathers into the run; take gives the run to the disk
//   SpooledPackets              holds its runs; a full segment whose runs nobody holds is deleted
//
// A spool of its own (open) writes as it goes, and leaves nothing behind: for reading capture
// files. Those of a SpoolFolder (spool_folder.h) give their runs to its thread, and survive.
//
// Threads: append, hand_over and take belong to the capture thread. SpooledPackets may be read,
// copied and destroyed on any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "capture/error.h"
#include "capture/frame.h"
#include "capture/time.h"

namespace koegura::capture {

// One run: whole enhanced packet blocks, back to back, in one segment (spool_segment.h).
class SpooledRun;
// Memory in blocks of one size (block_pool.h).
class BlockPool;
// Where full runs go (run_outlet.h).
class RunOutlet;
// Segments of an earlier process that are read again (recovered_spool.h).
class RecoveredSpool;

// Holds a run: counts on the run itself (not shared_ptr: one word).
class RunHold {
 public:
  RunHold() = default;
  explicit RunHold(SpooledRun* run);
  RunHold(const RunHold& other);
  RunHold(RunHold&& other) noexcept;
  RunHold& operator=(RunHold other) noexcept;
  ~RunHold();
  [[nodiscard]] SpooledRun* get() const { return run_; }
  // The hold is the caller's now.
  [[nodiscard]] SpooledRun* forget() {
    SpooledRun* const run = run_;
    run_ = nullptr;
    return run;
  }

 private:
  SpooledRun* run_ = nullptr;
};

struct SpooledPacket {
  Timestamp time;
  Bytes ip;  // the IP datagram; lives until the reader's next call
};

// The packets of one stream, or of one call's signalling, in order of arrival.
class SpooledPackets {
 public:
  [[nodiscard]] bool empty() const { return runs_.empty(); }
  [[nodiscard]] std::uint64_t bytes() const;  // on disk
  void append(RunHold run) { runs_.push_back(std::move(run)); }
  // Those of the same stream, heard later.
  void append(const SpooledPackets& other);
  [[nodiscard]] const std::vector<RunHold>& runs() const { return runs_; }
  [[nodiscard]] std::vector<RunHold>& runs() { return runs_; }

 private:
  std::vector<RunHold> runs_;
};

// See FinishedCall::release_packets and keep_packets.
void release_together(std::vector<RunHold> runs);
void keep_on_disk(std::vector<RunHold> runs);

// Reads packets back, one run at a time. A run that is not written yet is waited for, some
// seconds. REQUIRES: packets outlives the reader.
class SpoolReader {
 public:
  explicit SpoolReader(const SpooledPackets& packets) : packets_(&packets) {}
  SpoolReader(const SpoolReader&) = delete;
  SpoolReader& operator=(const SpoolReader&) = delete;
  ~SpoolReader();
  // False at the end. An error names the segment file and the offset.
  [[nodiscard]] Result<bool> next(SpooledPacket& packet);

 private:
  [[nodiscard]] Result<void> load(const SpooledRun& run);

  const SpooledPackets* packets_;
  std::size_t next_run_ = 0;
  const void* segment_ = nullptr;  // that file_ is of
  int file_ = -1;
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
  // Of a live recorder: how long after it came a packet is on the disk at the latest, if the disk
  // is quick; and how much may wait for a slow disk, each receive thread. What finds that full is
  // dropped and counted.
  Duration flush_interval = std::chrono::seconds(1);
  std::uint32_t buffer_bytes = 64U << 20U;
};

struct SpoolStats {
  std::uint64_t packets = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t segments = 0;
  std::uint64_t write_errors = 0;   // writes the disk refused; a live spool tries them again
  std::uint64_t waiting_bytes = 0;  // taken, and not yet written
};

// Makes a spool's folder if it is missing, and finds out whether it can be written.
[[nodiscard]] Result<void> make_spool_folder(const std::string& directory);

class Spool {
 public:
  // Makes the folder (0750) if it is missing. Segments are 0640, and go with the spool.
  // `name` tells the segments of several spools in one folder apart.
  [[nodiscard]] static Result<std::unique_ptr<Spool>> open(const std::string& directory,
                                                           const SpoolOptions& options,
                                                           const std::string& name = "");
  // REQUIRES: owner, if there is one, outlives the spool, and has the outlet.
  Spool(const SpoolOptions& options, RunOutlet& outlet, std::unique_ptr<RunOutlet> owned);
  ~Spool();

  // Adds an IP datagram to the run. False if the disk refuses or is too slow (or the datagram is
  // larger than IP allows): the packet is not kept.
  [[nodiscard]] bool append(SpoolRun& run, Timestamp time, Bytes ip);
  // Gives what the run has gathered to the disk, full or not.
  void hand_over(SpoolRun& run) {
    if (run.used != 0) static_cast<void>(queue_run(run));
  }
  // The same, and returns all its packets. The run can go on: a later call returns these and the
  // newer ones.
  [[nodiscard]] SpooledPackets take(SpoolRun& run);
  // How old what a run has gathered may get: the spool's owner hands it over then.
  [[nodiscard]] Duration flush_interval() const {
    return owned_ ? Duration::max() : options_.flush_interval;
  }
  // No run begins any more: the segment of the last ones may go with them.
  void finish();
  // Writes the full runs that wait for more, where this thread writes. What it cannot write goes on
  // waiting.
  void flush();
  // The wall clock is the capture's clock + this from now on: segments say so, for those who read
  // them again.
  void set_wall_offset(Duration offset);
  // While packets are read again that stand in segments already, append notes where, and copies
  // nothing. Null ends that.
  void read_again(RecoveredSpool* recovered) { recovered_ = recovered; }
  // Asks for the memory that append of a datagram of so many bytes will write to.
  static void prefetch(const SpoolRun& run, std::size_t bytes) {
    if (run.blocks == nullptr) return;
    constexpr std::size_t kLine = 64;
    for (std::size_t at = 0; at < bytes + kLine && at < 5 * kLine; at += kLine) {
      __builtin_prefetch(run.blocks.get() + run.used + at, 1);
    }
  }
  // The last write error, for the message at the end; empty if none.
  [[nodiscard]] const std::string& last_error() const;
  [[nodiscard]] SpoolStats stats() const;

 private:
  void grow(SpoolRun& run, std::uint32_t needed);
  bool queue_run(SpoolRun& run, bool is_last = false);
  bool append_again(SpoolRun& run, Bytes ip);

  const SpoolOptions options_;
  std::unique_ptr<RunOutlet> owned_;
  RunOutlet& outlet_;
  // The segment that runs go to now.
  struct Current;
  std::unique_ptr<Current> current_;
  RecoveredSpool* recovered_ = nullptr;
  Duration wall_offset_{};
  std::uint64_t packets_ = 0;
};

}  // namespace koegura::capture
