// StreamTable: the RTP streams of one receive path, found by source, destination and SSRC.
// Open addressing with linear probing: one probe, one comparison in the common case, and no
// allocation but when a stream starts.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "block_pool.h"
#include "capture/accounting.h"
#include "capture/spool.h"
#include "stream_events.h"

namespace koegura::capture {

// Remembers the last 64 sequence numbers with their timestamps, to tell a copy of a packet from a
// sender that starts again with old numbers.
class SequenceWindow {
 public:
  // True if this very packet was seen before; otherwise it is remembered.
  bool is_copy(std::uint16_t sequence, std::uint32_t timestamp);
  // How far a sequence number lies ahead of the highest one seen; negative if behind.
  [[nodiscard]] int ahead(std::uint16_t sequence) const {
    return static_cast<std::int16_t>(static_cast<std::uint16_t>(sequence - highest_));
  }
  // Asks for the one line that is_copy of this number will look at beside the first.
  void prefetch(std::uint16_t sequence) const {
    __builtin_prefetch(&timestamps_[sequence % kSize], 1);
  }

 private:
  static constexpr int kSize = 64;
  std::uint64_t seen_ = 0;  // bit n: highest_ - n was seen
  std::uint16_t highest_ = 0;
  std::array<std::uint32_t, kSize> timestamps_{};
};

enum class StreamPhase : std::uint8_t {
  kProbation,  // may yet turn out not to be RTP
  kActive,
  kOver,  // its calls were handed over; what still comes belongs to none
};

// Frames of a stream on probation, whose outcome waits: by source, as each has its accounting.
struct WaitingFrames {
  Accounting* accounting = nullptr;
  std::uint32_t frames = 0;
  std::uint32_t copies = 0;   // frames of packets that had come before
  std::uint32_t misfits = 0;  // frames of packets whose padding does not fit them
};

// One stream that is being received. What every packet touches stands first, in three cache lines.
struct alignas(64) RtpStream {
  StreamKey key;
  StreamPhase phase = StreamPhase::kProbation;
  bool told = false;  // on_stream_heard since its last packet
  MediaKind kind = MediaKind::kAudio;
  std::uint8_t in_order = 0;  // packets in sequence, while in probation
  bool plain = false;         // SDP claims it, and says nothing of SRTP
  std::uint32_t packets = 0;
  Timestamp last;
  std::uint64_t bytes = 0;
  SpoolRun run;
  SequenceWindow window;
  std::uint32_t duplicates = 0;
  Timestamp first;
  Timestamp over_since;
  std::uint64_t number = 0;
  std::size_t place = 0;       // in the table's dense list
  bool stranger = false;       // active, and no SDP claims it
  RtpStream* older = nullptr;  // in the StreamQueue that has it
  RtpStream* newer = nullptr;
  std::vector<WaitingFrames> waiting;
};

// Streams in the order in which they were added; taking one out costs nothing.
class StreamQueue {
 public:
  void add(RtpStream& stream) {
    stream.older = newest_;
    (newest_ != nullptr ? newest_->newer : oldest_) = &stream;
    newest_ = &stream;
  }
  // REQUIRES: it is in the queue.
  void remove(RtpStream& stream) {
    (stream.older != nullptr ? stream.older->newer : oldest_) = stream.newer;
    (stream.newer != nullptr ? stream.newer->older : newest_) = stream.older;
    stream.older = nullptr;
    stream.newer = nullptr;
  }
  [[nodiscard]] RtpStream* oldest() const { return oldest_; }

 private:
  RtpStream* oldest_ = nullptr;
  RtpStream* newest_ = nullptr;
};

struct StreamDelete {
  BlockPool* pool = nullptr;
  void operator()(RtpStream* stream) const;
};
using OwnedStream = std::unique_ptr<RtpStream, StreamDelete>;

class StreamTable {
 public:
  explicit StreamTable(std::size_t limit);

  // REQUIRES: hash is key.hash().
  [[nodiscard]] RtpStream* find(const StreamKey& key, std::uint64_t hash) const;
  // Asks for the memory that guess of this hash will look at.
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(&slots_[hash & mask_]); }
  // The stream with this hash, most likely, without a look at it; null if there is none.
  [[nodiscard]] RtpStream* guess(std::uint64_t hash) const;
  // Null if the table is full. REQUIRES: find gives null for the key.
  RtpStream* insert(const StreamKey& key);
  // Takes the stream out; find no longer gives it. REQUIRES: the table outlives it.
  OwnedStream remove(RtpStream& stream);
  // The streams as they are now, for a sweep that removes some of them.
  [[nodiscard]] std::vector<RtpStream*> all() const;

 private:
  struct Slot {
    std::uint64_t hash = 0;
    RtpStream* stream = nullptr;
  };
  [[nodiscard]] std::size_t position_of(const StreamKey& key, std::uint64_t hash) const;

  std::size_t mask_;
  std::size_t limit_;
  HugeMemory memory_;      // of slots_
  std::span<Slot> slots_;  // a power of two, at most half full
  BlockPool pool_{sizeof(RtpStream)};
  std::vector<OwnedStream> streams_;  // dense, for sweeps
};

}  // namespace koegura::capture
