// HandOver: a live spool's outlet: runs go to the folder's writer thread through a ring, and their
// memory comes back through another. Nobody waits: what finds no room is refused.
//
// Threads: the RunOutlet's functions belong to the receive thread, write, sync and figures to the
// writer thread.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "byte_ring.h"
#include "run_outlet.h"
#include "run_writer.h"

namespace koegura::capture {

class HandOver final : public RunOutlet {
 public:
  using MakeSegment = std::function<SegmentHold(const std::string& series, Duration wall_offset)>;

  HandOver(std::string series, const SpoolOptions& options, MakeSegment make_segment);
  ~HandOver() override;

  SegmentHold make_segment(Duration wall_offset) override {
    return make_segment_(series_, wall_offset);
  }
  bool has_room(std::uint32_t capacity, bool is_last) override;
  void put(const QueuedRun& queued) override;
  bool settle() override { return true; }  // it will be, or its reader is told
  [[nodiscard]] SpoolStats stats() const override;
  [[nodiscard]] const std::string& last_error() const override { return no_error_; }

  // True if there was something to write; false, too, if the disk refuses.
  bool write();
  [[nodiscard]] bool sync() { return writer_.sync(); }
  void close() { writer_.close(); }
  [[nodiscard]] bool is_empty();
  [[nodiscard]] bool is_refused() const { return refused_; }
  [[nodiscard]] const RunWriter& writer() const { return writer_; }

 private:
  void collect();
  void give_back();

  const std::string series_;
  const std::uint32_t buffer_bytes_;
  const std::uint32_t most_runs_;
  const MakeSegment make_segment_;
  const std::string no_error_;  // the folder tells
  ByteRing full_;
  ByteRing empty_;
  // Receive thread: memory that is on its way.
  std::uint64_t waiting_bytes_ = 0;
  std::uint64_t waiting_runs_ = 0;
  // Writer thread.
  RunWriter writer_;
  std::vector<QueuedRun> taken_;    // to be written
  std::vector<QueuedRun> written_;  // whose memory goes back
  bool refused_ = false;
  // Of the writer, for everybody.
  std::atomic<std::uint64_t> bytes_written_{0};
  std::atomic<std::uint64_t> segments_{0};
  std::atomic<std::uint64_t> errors_{0};
};

}  // namespace koegura::capture
