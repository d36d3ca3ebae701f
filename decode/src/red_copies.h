// RedCopies: what RED packets said again (RFC 2198), kept in case that the packet that said it
// first never came.
#pragma once

#include <cstdint>
#include <vector>

#include "reorder_window.h"

namespace koegura::decode {

class RedCopies {
 public:
  // A sender repeats the latest few packets; what is that much older has been asked for already.
  static constexpr std::size_t kKept = ReorderWindow::kSlots;

  // Copies the payload. Nothing for an empty one.
  void keep(const StreamPacket& copy);
  // One copy of each timestamp between these two, both excluded, in order. Valid until the next
  // keep.
  [[nodiscard]] std::vector<const StreamPacket*> between(std::uint32_t after,
                                                         std::uint32_t before) const;

 private:
  struct Slot {
    StreamPacket packet;
    std::vector<std::byte> payload;  // its memory is kept for the next one
  };
  std::vector<Slot> slots_;  // a ring, once it is full
  std::size_t next_ = 0;
};

}  // namespace koegura::decode
