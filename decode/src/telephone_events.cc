#include "telephone_events.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace koegura::decode {
namespace {

constexpr std::size_t kPayload = 4;  // event, flags and volume, duration (RFC 4733 §2.3)
constexpr std::string_view kDigits = "0123456789*#ABCD";  // event codes 0 to 15 (§3.2)
// A call of more key presses than this is a machine gone wild.
constexpr std::size_t kMaxDigits = 10'000;
// Copies of a press on two hops are this close; two presses of one key are further apart.
constexpr double kCopyWithin = 0.06;
constexpr std::size_t kLookBack = 16;

}  // namespace

void TelephoneEvents::on_packet(std::size_t stream, Side side, const StreamPacket& packet) {
  if (packet.payload.size() < kPayload || digits_.size() >= kMaxDigits) return;
  const auto code = static_cast<std::uint8_t>(packet.payload[0]);
  const std::uint32_t duration = (static_cast<std::uint32_t>(packet.payload[2]) << 8U) |
                                 static_cast<std::uint32_t>(packet.payload[3]);
  if (code >= kDigits.size()) return;

  auto event = std::find_if(latest_.begin(), latest_.end(),
                            [&](const Event& e) { return e.stream == stream; });
  if (event != latest_.end()) {
    const bool same = event->timestamp == packet.timestamp;
    // A press of more than 0xFFFF ticks goes on as another event where the last one ended
    // (§2.5.1.3).
    const bool goes_on = event->code == code && event->end == packet.timestamp && !packet.marker;
    event->timestamp = packet.timestamp;
    event->end = packet.timestamp + duration;
    const bool was_known = event->code == code && (same || goes_on);
    event->code = code;
    if (was_known) return;
  } else {
    latest_.push_back({.stream = stream,
                       .timestamp = packet.timestamp,
                       .end = packet.timestamp + duration,
                       .code = code});
  }
  // The first packet seen need not be the first sent: its duration says when the key went down.
  const double clock = packet.meaning->clock_rate != 0 ? packet.meaning->clock_rate : 8000;
  const double at = to_seconds(packet.arrival - origin_) - duration / clock;
  const Digit digit = {.at_s = std::max(0.0, at),
                       .digit = kDigits[code],
                       .channel = side,
                       .via = Digit::Via::kRtpEvent};
  if (is_copy(stream, digit)) return;
  digits_.push_back(digit);
  streams_.push_back(stream);
}

bool TelephoneEvents::is_copy(std::size_t stream, const Digit& digit) const {
  const std::size_t from = digits_.size() > kLookBack ? digits_.size() - kLookBack : 0;
  for (std::size_t i = from; i < digits_.size(); ++i) {
    const Digit& known = digits_[i];
    if (streams_[i] != stream && known.channel == digit.channel && known.digit == digit.digit &&
        std::fabs(known.at_s - digit.at_s) < kCopyWithin) {
      return true;
    }
  }
  return false;
}

}  // namespace koegura::decode
