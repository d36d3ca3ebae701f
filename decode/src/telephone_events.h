// TelephoneEvents: RFC 4733 events of all streams of a call → the digits that were pressed.
//
// One packet of a press is enough to know it, whichever it is: each says when the key went down and
// how long it has been held by then. A press beyond 0xFFFF ticks goes on as another event where the
// one before ended (§2.5.1.3); the end, sent three times, may come behind the next press's
// beginning.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
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

  // What one packet says; nothing if it is no digit's.
  struct Press {
    char digit = 0;
    std::uint32_t duration = 0;  // so far, in ticks of the RTP clock
    double duration_s = 0;
  };
  [[nodiscard]] static std::optional<Press> read(const StreamPacket& packet);

 private:
  static constexpr std::size_t kRecent = 4;
  static constexpr std::size_t kNoPlace = ~std::size_t{0};
  // An event, or several that are one press.
  struct Event {
    char digit = 0;  // 0: none yet
    std::uint32_t timestamp = 0;
    std::uint32_t duration = 0;    // so far
    double before_s = 0;           // of the press, before this event
    std::size_t place = kNoPlace;  // in digits_; kNoPlace: of a copy
  };
  struct StreamEvents {
    std::size_t stream = 0;
    std::array<Event, kRecent> recent;
    std::size_t latest = 0;
  };
  [[nodiscard]] static Event continued(const Event& before, const Press& press,
                                       const StreamPacket& packet);
  StreamEvents& events_of(std::size_t stream);
  [[nodiscard]] std::size_t add(std::size_t stream, const Digit& digit);
  // The same key press seen on another hop.
  [[nodiscard]] bool is_copy(std::size_t stream, const Digit& digit) const;

  Timestamp origin_;
  std::vector<StreamEvents> events_;
  std::vector<Digit> digits_;
  std::vector<std::size_t> streams_;  // that gave each digit
};

}  // namespace koegura::decode
