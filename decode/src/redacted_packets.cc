#include "redacted_packets.h"

#include <algorithm>

namespace koegura::decode {
namespace {

constexpr std::size_t kEventBytes = 4;  // RFC 4733 §2.3
constexpr std::size_t kMaxRanges = 20'000;

// RFC 2198 §3: one header of four bytes for each older block, one of a byte for the newest.
bool has_event_block(capture::Bytes payload, FormatMap& formats, Timestamp arrival) {
  constexpr std::size_t kOlderHeader = 4;
  constexpr unsigned kFollowed = 0x80;
  constexpr unsigned kTypeBits = 0x7F;
  for (std::size_t at = 0; at < payload.size(); at += kOlderHeader) {
    const auto head = static_cast<unsigned>(payload[at]);
    const PayloadMeaning& block = formats.at(static_cast<std::uint8_t>(head & kTypeBits), arrival);
    if (equal_ignoring_case(block.format.encoding, "telephone-event")) return true;
    if ((head & kFollowed) == 0) return false;
  }
  return false;
}

}  // namespace

void RedactedPackets::on_packet(std::uint32_t number, const PayloadMeaning& meaning,
                                Timestamp arrival, capture::Bytes payload) {
  const std::string& encoding = meaning.format.encoding;
  // Encrypted events have their encoding, too. Without SDP nobody says what an event is: no codec
  // has packets as short.
  const bool event = meaning.role == PayloadRole::kEvent ||
                     equal_ignoring_case(encoding, "telephone-event") ||
                     (encoding.empty() && payload.size() == kEventBytes);
  const bool red = equal_ignoring_case(encoding, "red");
  if (event || (red && has_event_block(payload, formats_, arrival))) leave_out(number);
}

void RedactedPackets::leave_out(std::uint32_t number) {
  const auto after = std::upper_bound(
      ranges_.begin(), ranges_.end(), number,
      [](std::uint32_t value, const PacketRange& range) { return value < range.from; });
  const bool has_before = after != ranges_.begin();
  if (has_before && number < std::prev(after)->to) return;
  const bool joins_before = has_before && std::prev(after)->to == number;
  const bool joins_after = after != ranges_.end() && after->from == number + 1;
  const bool full = ranges_.size() >= kMaxRanges && has_before;
  if (joins_before && joins_after) {
    std::prev(after)->to = after->to;
    ranges_.erase(after);
  } else if (joins_before || full) {
    std::prev(after)->to = number + 1;  // full: with what lies between
  } else if (joins_after) {
    after->from = number;
  } else {
    ranges_.insert(after, {.from = number, .to = number + 1});
  }
}

void RedactedPackets::settle(Position until) {
  const auto is_settled = [&](const Placed& packet) {
    if (packet.to > until) return false;
    if (redaction_.touches(side_, packet.from, packet.to)) leave_out(packet.number);
    return true;
  };
  placed_.erase(std::remove_if(placed_.begin(), placed_.end(), is_settled), placed_.end());
}

}  // namespace koegura::decode
