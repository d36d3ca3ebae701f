// ReorderWindow: puts packets back into the order of their sequence numbers (RFC 3550 §5.1).
// Packets in order never enter it. Behind a hole it waits for kPatience of capture time or until
// kSlots numbers are open: a recorder has no deadline, so late is not lost.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "capture/frame.h"
#include "format_map.h"

namespace koegura::decode {

// One RTP packet on its way into the timeline.
struct StreamPacket {
  std::uint32_t number = 0;   // of the stream's packets in the spool, in order of arrival
  std::int64_t sequence = 0;  // extended (RFC 3550 appendix A.1), counted on over restarts
  Timestamp arrival;
  std::size_t outages = 0;  // that were over when it arrived
  std::uint32_t timestamp = 0;
  bool marker = false;
  std::uint32_t said_again =
      0;                  // ticks: so far before its timestamp begins what it says again (RFC 2198)
  bool repaired = false;  // it never came: a later packet's copy of it stands in (RFC 2198)
  bool misfit = false;    // its padding does not fit it: nobody knows where the payload ends
  PayloadMeaning* meaning = nullptr;
  Bytes payload;
};

class ReorderWindow {
 public:
  static constexpr std::int64_t kSlots = 512;
  static constexpr Duration kPatience = std::chrono::seconds(4);

  ReorderWindow() { seen_.fill(kNever); }

  // The number whose turn it is.
  [[nodiscard]] std::int64_t next() const { return next_; }
  [[nodiscard]] bool empty() const { return held_ == 0; }
  [[nodiscard]] bool fits(std::int64_t sequence) const { return sequence - next_ < kSlots; }
  // True once for each number among the last kSlots.
  [[nodiscard]] bool is_new(std::int64_t sequence) const {
    return seen_[slot(sequence)] != sequence;
  }

  // A packet passes by without being held. REQUIRES: it is its turn.
  void pass(std::int64_t sequence) {
    seen_[slot(sequence)] = sequence;
    next_ = sequence + 1;
  }
  // Copies the packet. REQUIRES: fits and is_new.
  void hold(const StreamPacket& packet);
  // Lets the numbers begin here. REQUIRES: empty, or sequence is before next() and the held ones
  // fit.
  void begin_at(std::int64_t sequence) { next_ = sequence; }

  // The first held packet, or null. Valid until it is released.
  [[nodiscard]] const StreamPacket* front() const;
  // The held packet after this number, or null.
  [[nodiscard]] const StreamPacket* after(std::int64_t sequence) const;
  // The front's turn has come: nothing before it is missing, or it has been waited for long enough.
  [[nodiscard]] bool is_due(const StreamPacket& front, Timestamp newest) const {
    return front.sequence == next_ || newest - front.arrival >= kPatience;
  }
  // REQUIRES: front() is not null.
  void release_front();

 private:
  static constexpr std::int64_t kNever = -1;
  struct Slot {
    bool used = false;
    StreamPacket packet;
    std::vector<std::byte> payload;  // its memory is kept for the next one
  };
  static std::size_t slot(std::int64_t sequence) {
    return static_cast<std::size_t>(sequence & (kSlots - 1));
  }

  std::int64_t next_ = 0;
  std::int64_t held_ = 0;
  std::int64_t highest_ = 0;  // of the held ones
  std::array<std::int64_t, kSlots> seen_;
  std::vector<Slot> slots_;  // made by the first hold
};

}  // namespace koegura::decode
