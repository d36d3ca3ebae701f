// ReleasedRuns: the file DIR/spool/released: which stretches of the segments are archived. A call's
// are added all at once: after a crash either all of them count, or none.
//
//   file   "koegura released 1\n" batch*
//   batch  count:u32 crc32:u32 run*       of the runs' bytes; little-endian
//   run    segment:u32 offset:u32 length:u32
//
// A batch that is cut off or damaged ends the file: what it released comes back, and is found in
// the archive. Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "capture/error.h"

namespace koegura::capture {

struct ReleasedRun {
  std::uint32_t segment = 0;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
};

struct ByteRange {
  std::uint32_t from = 0;
  std::uint32_t to = 0;  // behind the last byte

  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// Of each segment, in order, apart from each other.
using ReleasedRanges = std::map<std::uint32_t, std::vector<ByteRange>>;

// Of the bytes of such a file.
[[nodiscard]] ReleasedRanges read_released(std::string_view file);

class ReleasedRuns {
 public:
  explicit ReleasedRuns(const std::string& directory);
  ReleasedRuns(const ReleasedRuns&) = delete;
  ReleasedRuns& operator=(const ReleasedRuns&) = delete;
  ~ReleasedRuns();

  // What is there. A missing file is empty.
  [[nodiscard]] Result<ReleasedRanges> read() const;
  // Makes it anew with these alone, in one step.
  [[nodiscard]] Result<void> rewrite(const ReleasedRanges& ranges);
  // Adds a batch, and syncs. REQUIRES: rewritten before.
  [[nodiscard]] Result<void> add(std::span<const ReleasedRun> batch);
  [[nodiscard]] std::uint64_t bytes() const { return size_; }

 private:
  const std::string path_;
  int file_ = -1;
  std::uint64_t size_ = 0;  // of whole batches
};

}  // namespace koegura::capture
