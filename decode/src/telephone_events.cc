#include "telephone_events.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace koegura::decode {
namespace {

constexpr std::size_t kPayload = 4;  // event, flags and volume, duration (RFC 4733 §2.3)
constexpr std::string_view kDigits = "0123456789*#ABCD";  // event codes 0 to 15 (§3.2)
constexpr std::uint32_t kLongestEvent = 0xFFFF;
constexpr double kUsualClock = 8000;
// A call of more key presses than this is a machine gone wild.
constexpr std::size_t kMaxDigits = 10'000;
// Copies of a press on two hops are this close; two presses of one key are further apart.
constexpr double kCopyWithin = 0.06;
constexpr std::size_t kLookBack = 16;

double clock_of(const StreamPacket& packet) {
  return packet.meaning->clock_rate != 0 ? packet.meaning->clock_rate : kUsualClock;
}

}  // namespace

std::optional<TelephoneEvents::Press> TelephoneEvents::read(const StreamPacket& packet) {
  if (packet.payload.size() < kPayload) return std::nullopt;
  const auto code = static_cast<std::uint8_t>(packet.payload[0]);
  if (code >= kDigits.size()) return std::nullopt;
  const std::uint32_t duration = (static_cast<std::uint32_t>(packet.payload[2]) << 8U) |
                                 static_cast<std::uint32_t>(packet.payload[3]);
  return Press{
      .digit = kDigits[code], .duration = duration, .duration_s = duration / clock_of(packet)};
}

void TelephoneEvents::on_packet(std::size_t stream, Side side, const StreamPacket& packet) {
  const std::optional<Press> press = read(packet);
  if (!press) return;
  StreamEvents& known = events_of(stream);
  auto event = std::find_if(known.recent.begin(), known.recent.end(), [&](const Event& e) {
    return e.digit == press->digit && e.timestamp == packet.timestamp;
  });
  if (event == known.recent.end()) {
    Event added = continued(known.recent[known.latest], *press, packet);
    if (added.digit == 0) {
      // The first packet seen need not be the first sent: its duration says when the key went down.
      const double at = to_seconds(packet.arrival - origin_) - press->duration_s;
      added = {.digit = press->digit,
               .timestamp = packet.timestamp,
               .place = add(stream, {.at_s = std::max(0.0, at),
                                     .digit = press->digit,
                                     .channel = side,
                                     .via = Digit::Via::kRtpEvent})};
    }
    known.latest = (known.latest + 1) % kRecent;
    event = known.recent.begin() + static_cast<std::ptrdiff_t>(known.latest);
    *event = added;
  }
  event->duration = std::max(event->duration, press->duration);
  if (event->place == kNoPlace) return;
  double& lasted = digits_[event->place].duration_s;
  lasted = std::max(lasted, event->before_s + press->duration_s);
}

// The event that carries on the press, or none.
TelephoneEvents::Event TelephoneEvents::continued(const Event& before, const Press& press,
                                                  const StreamPacket& packet) {
  const std::uint32_t step = packet.timestamp - before.timestamp;
  // Its last packet may be lost, but not what it would have said: as long as there is.
  const bool follows = step == before.duration || step == kLongestEvent;
  if (before.digit != press.digit || !follows || packet.marker) return {};
  return {.digit = press.digit,
          .timestamp = packet.timestamp,
          .before_s = before.before_s + step / clock_of(packet),
          .place = before.place};
}

TelephoneEvents::StreamEvents& TelephoneEvents::events_of(std::size_t stream) {
  const auto known = std::find_if(events_.begin(), events_.end(),
                                  [&](const StreamEvents& e) { return e.stream == stream; });
  if (known != events_.end()) return *known;
  return events_.emplace_back(StreamEvents{.stream = stream, .recent = {}});
}

std::size_t TelephoneEvents::add(std::size_t stream, const Digit& digit) {
  if (digits_.size() >= kMaxDigits || is_copy(stream, digit)) return kNoPlace;
  digits_.push_back(digit);
  streams_.push_back(stream);
  return digits_.size() - 1;
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
