// RecoveredSpool: the segments that an earlier process left, read again in order of time. Nothing
// is copied: whoever keeps a packet takes the place where it stands.
//
// Within a series packets are out of order by no more than the time a run takes to be written, so a
// few seconds of each are held and merged. Stretches that are torn or cannot be read are passed
// over: reading goes on at the next block that makes sense.
//
//   (next_life (read take*)*)* finish
//
// A life is what one process wrote: between two of them nothing was recorded.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <vector>

#include "capture/frame.h"
#include "recording_history.h"
#include "released_runs.h"
#include "spool_segment.h"

namespace koegura::capture {

struct RecoveredStats {
  std::uint64_t segments = 0;
  std::uint64_t bytes = 0;
  std::uint64_t packets = 0;
  std::uint64_t damaged_bytes = 0;
  std::vector<std::string> problems;  // the first ten
  Timestamp last_packet;              // 1970 if there was none
};

// What a segment of a spool folder says of itself.
struct SegmentOrigin {
  std::int64_t run = 0;  // when its recorder started, in ns: one capture clock
  Duration wall_offset{};
};

struct RecoveredSegment {
  SegmentHold segment;
  std::string series;               // "rx0"
  std::vector<ByteRange> released;  // archived: not read again
  SegmentOrigin origin{};
};

[[nodiscard]] std::string comment_of(const SegmentOrigin& origin);
[[nodiscard]] std::optional<SegmentOrigin> parse_origin(std::string_view comment);

class RecoveredSpool {
 public:
  struct Place {
    SpoolSegment* segment = nullptr;
    std::uint32_t offset = 0;  // of the block
    std::uint32_t length = 0;
  };

  // Segments in order of their numbers.
  explicit RecoveredSpool(std::vector<RecoveredSegment> segments);
  ~RecoveredSpool();

  // Goes on to what the next process wrote; false if there is no other.
  [[nodiscard]] bool next_life();
  // When it began, on the clock of the frames given.
  [[nodiscard]] Timestamp life_began() const;
  // The next frames, fewer only at the life's end. They live until the next call.
  [[nodiscard]] std::size_t read(std::span<Frame> burst);
  // Where a packet stands that the last read gave, for whoever keeps it.
  [[nodiscard]] std::optional<Place> take(Bytes ip);
  // What nobody took is let go.
  void finish();

  [[nodiscard]] const RecoveredStats& stats() const { return stats_; }
  // In order of time, on the clock of the frames given.
  [[nodiscard]] const std::vector<WallOffset>& wall_offsets() const { return wall_offsets_; }

 private:
  // A piece of a segment in memory, as long as a packet in it is needed.
  struct Chunk {
    SpoolSegment* segment = nullptr;
    std::uint64_t offset = 0;
    std::vector<std::byte> bytes;
    std::uint32_t needed = 0;  // by so many
    bool is_last = false;      // of its segment
  };
  struct Waiting {
    Timestamp time;
    std::uint64_t order = 0;
    Chunk* chunk = nullptr;
    std::uint32_t at = 0;  // of the block in the chunk
    std::uint32_t length = 0;
  };
  struct Later {
    bool operator()(const Waiting& a, const Waiting& b) const {
      return a.time != b.time ? a.time > b.time : a.order > b.order;
    }
  };
  struct Given {
    const std::byte* ip = nullptr;
    std::size_t size = 0;
    Place place;
    bool taken = false;
  };
  // One spool's segments, one behind the other.
  struct Series {
    std::string name;
    std::vector<RecoveredSegment> segments;
    std::size_t current = 0;
    std::uint64_t offset = 0;  // in the current segment
    Chunk* chunk = nullptr;
    std::size_t at = 0;         // in the chunk
    Duration pending_offset{};  // of the wall clock, from the segment's first packet on
    bool has_pending_offset = false;
    std::uint64_t damage_from = 0;
    bool in_damage = false;
    Timestamp newest;
    bool done = false;
  };

  struct Life {
    SegmentOrigin origin;  // with the wall clock as it stood at its end
    std::vector<RecoveredSegment> segments;
  };

  void add(RecoveredSegment segment);
  [[nodiscard]] bool find_any();
  void fill(Timestamp until);
  void give(Frame& frame);
  void read_block(Series& series);
  [[nodiscard]] bool next_chunk(Series& series);
  void next_segment(Series& series);
  [[nodiscard]] bool skip_released(Series& series);
  void end_damage(Series& series, bool torn_end);
  void note(std::string problem);
  void let_go_of_burst();

  std::deque<Life> lives_;  // to be read; the front one is being read
  bool is_reading_ = false;
  std::vector<Series> series_;                 // of the front one
  std::deque<std::unique_ptr<Chunk>> chunks_;  // oldest first
  std::priority_queue<Waiting, std::vector<Waiting>, Later> waiting_;
  std::vector<Given> given_;    // by the last read, in order of address
  std::vector<Chunk*> used_;    // by it
  std::vector<RunHold> loose_;  // packets that nobody took, so far
  std::vector<WallOffset> wall_offsets_;
  std::uint64_t order_ = 0;
  RecoveredStats stats_;
};

}  // namespace koegura::capture
