// RunWriter: writes runs to their segments, in order, many at once: one large write costs the
// kernel half of many small ones.
//
// Threads: one.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "run_outlet.h"

namespace koegura::capture {

class RunWriter {
 public:
  RunWriter() = default;
  RunWriter(const RunWriter&) = delete;
  RunWriter& operator=(const RunWriter&) = delete;
  ~RunWriter();

  // Writes the runs, which are of one series in order, and says how many are on disk: less than all
  // if the disk refuses. They may be given again then.
  [[nodiscard]] std::size_t write(std::span<const QueuedRun> runs);
  // What was written stays after a power cut. False if the disk refuses.
  [[nodiscard]] bool sync();

  // Lets the segment go; another may follow.
  void close();

  [[nodiscard]] const std::string& last_error() const { return last_error_; }
  [[nodiscard]] std::uint64_t errors() const { return errors_; }
  [[nodiscard]] std::uint64_t bytes_written() const { return bytes_written_; }
  [[nodiscard]] std::uint64_t segments() const { return segments_; }

 private:
  [[nodiscard]] bool open(const SegmentHold& segment);
  [[nodiscard]] bool write_in_one(std::span<const QueuedRun> runs);
  bool refuse(const std::string& path, const char* what);

  SegmentHold segment_;  // that is open
  int file_ = -1;
  bool unsynced_ = false;
  bool made_ = false;  // a file, since the last sync
  std::string last_error_;
  std::uint64_t errors_ = 0;
  std::uint64_t bytes_written_ = 0;
  std::uint64_t segments_ = 0;
};

}  // namespace koegura::capture
