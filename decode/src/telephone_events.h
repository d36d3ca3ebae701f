// TelephoneEvents: RFC 4733 events of all streams of a call → the digits that were pressed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "decode/rendered_call.h"
#include "reorder_window.h"

namespace koegura::decode {

class TelephoneEvents {
 public:
  explicit TelephoneEvents(Timestamp origin) : origin_(origin) {}

  // Packets of one stream come in order of sequence; streams may be interleaved.
  void on_packet(std::size_t stream, Side side, const StreamPacket& packet);
  [[nodiscard]] const std::vector<Digit>& digits() const { return digits_; }

 private:
  struct Event {
    std::size_t stream = 0;
    std::uint32_t timestamp = 0;
    std::uint32_t end = 0;  // timestamp + duration so far
    std::uint8_t code = 0;
  };
  // The same key press seen on another hop.
  [[nodiscard]] bool is_copy(std::size_t stream, const Digit& digit) const;

  Timestamp origin_;
  std::vector<Event> latest_;  // one a stream
  std::vector<Digit> digits_;
  std::vector<std::size_t> streams_;  // that gave each digit
};

}  // namespace koegura::decode
