// CopyFilter: tells a mirror's second copy of a datagram from a genuine retransmission.
//
// A mirror shows a frame on its way in and again on its way out, and a router's copy of it has
// another TTL, checksum and MAC. The copy comes within milliseconds and is the same datagram: the
// same IP identification. A sender that retransmits waits for its timer (T1 = 500 ms in RFC 3261,
// never below 100 ms in the field) and mostly numbers the datagram anew. So: the same datagram
// within kCopyWindow is a copy; where the identification tells (not 0), within a second.
//
// Threads: one.
#pragma once

#include <array>
#include <cstdint>

#include "capture/packet.h"

namespace koegura::capture {

class CopyFilter {
 public:
  // True if this very datagram was seen a moment ago; otherwise it is remembered.
  [[nodiscard]] bool is_copy(const Packet& packet);

 private:
  struct Seen {
    std::uint64_t hash = 0;
    Timestamp at;
  };
  static constexpr std::size_t kSize = 4096;  // a busy exchange sends 1,000 a second
  std::array<Seen, kSize> seen_{};
};

}  // namespace koegura::capture
