// StreamTable: the RTP streams of one receive path, found by source, destination and SSRC.
// Open addressing with linear probing: one probe, one comparison in the common case, and no
// allocation but when a stream starts.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "capture/finished_call.h"
#include "capture/signalling.h"
#include "capture/spool.h"

namespace koegura::capture {

struct StreamKey {
  Endpoint source;
  Endpoint destination;
  std::uint32_t ssrc = 0;  // 0 for T.38, which has none

  [[nodiscard]] std::uint64_t hash() const {
    return mix(mix(hash_of(source), hash_of(destination)), ssrc);
  }
  friend bool operator==(const StreamKey&, const StreamKey&) = default;
};

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

 private:
  static constexpr int kSize = 64;
  std::uint64_t seen_ = 0;  // bit n: highest_ - n was seen
  std::array<std::uint32_t, kSize> timestamps_{};
  std::uint16_t highest_ = 0;
};

enum class StreamPhase : std::uint8_t {
  kProbation,  // may yet turn out not to be RTP
  kActive,
  kOver,      // its call was handed over; what still comes belongs to no call
  kDetached,  // the next call took over its endpoint: out of the table, kept until its call ends
};

struct StreamOwner {
  LegId leg = 0;
  Side side = Side::kCaller;  // whose voice this is in that leg
};

// One stream that is being received.
struct RtpStream {
  StreamKey key;
  StreamPhase phase = StreamPhase::kProbation;
  MediaKind kind = MediaKind::kAudio;
  std::uint8_t in_order = 0;      // packets in sequence, while in probation
  std::uint32_t unaccounted = 0;  // frames whose outcome waits for the end of probation
  std::uint32_t packets = 0;
  std::uint32_t duplicates = 0;
  std::uint64_t bytes = 0;
  std::size_t place = 0;  // in the table's dense list
  Timestamp first;
  Timestamp last;
  Timestamp over_since;
  SequenceWindow window;
  SpoolRun run;
  std::vector<StreamOwner> owners;
};

class StreamTable {
 public:
  explicit StreamTable(std::size_t limit);

  [[nodiscard]] RtpStream* find(const StreamKey& key) const;
  // Null if the table is full. REQUIRES: find(key) is null.
  RtpStream* insert(const StreamKey& key);
  // Takes the stream out; find no longer gives it.
  std::unique_ptr<RtpStream> remove(RtpStream& stream);
  // The streams as they are now, for a sweep that removes some of them.
  [[nodiscard]] std::vector<RtpStream*> all() const;

 private:
  struct Slot {
    std::uint64_t hash = 0;
    RtpStream* stream = nullptr;
  };
  [[nodiscard]] std::size_t position_of(const StreamKey& key, std::uint64_t hash) const;

  std::vector<Slot> slots_;  // a power of two, at most half full
  std::size_t mask_;
  std::size_t limit_;
  std::vector<std::unique_ptr<RtpStream>> streams_;  // dense, for sweeps
};

}  // namespace koegura::capture
