// TZSP: the frames that a MikroTik router or an access point sniffs, in UDP. There is no standard;
// the fields are those of Wireshark's packet-tzsp.c.
#include <optional>

#include "layer.h"
#include "wire.h"

namespace koegura::capture {

namespace {

constexpr std::size_t kTzspHeaderSize = 4;
constexpr std::uint8_t kTzspVersion = 1;
constexpr std::uint8_t kReceivedFrame = 0;
constexpr std::uint8_t kFrameToSend = 1;
constexpr std::uint16_t kEthernet = 1;
constexpr std::uint16_t kWlan = 18;
constexpr std::uint16_t kWlanPrism = 119;
constexpr std::uint16_t kWlanAvs = 127;
constexpr std::uint8_t kPadding = 0;  // this tag and the next have no length
constexpr std::uint8_t kEnd = 1;

// Where the frame begins, behind the tagged fields that begin at `at`.
std::optional<std::size_t> end_of_tags(Bytes bytes, std::size_t at) {
  while (at < bytes.size()) {
    const std::uint8_t tag = load_u8(bytes.data() + at);
    if (tag == kEnd) return at + 1;
    if (tag == kPadding) {
      ++at;
      continue;
    }
    if (bytes.size() - at < 2) return std::nullopt;
    at += 2U + load_u8(bytes.data() + at + 1);
  }
  return std::nullopt;
}

Protocol protocol_of(std::uint16_t encapsulated) {
  switch (encapsulated) {
    case kEthernet:
      return Protocol::kEthernet;
    case kWlan:
    case kWlanPrism:
    case kWlanAvs:
      return Protocol::kNotIp;
    default:
      return Protocol::kPlainUdp;
  }
}

}  // namespace

LayerResult read_tzsp(Bytes& bytes) {
  if (bytes.size() < kTzspHeaderSize || load_u8(bytes.data()) != kTzspVersion) {
    return Protocol::kPlainUdp;
  }
  const std::uint8_t type = load_u8(bytes.data() + 1);
  if (type != kReceivedFrame && type != kFrameToSend) return Protocol::kPlainUdp;
  const Protocol protocol = protocol_of(load_be16(bytes.data() + 2));
  const auto frame_at = end_of_tags(bytes, kTzspHeaderSize);
  if (!frame_at) return Protocol::kPlainUdp;
  bytes = bytes.subspan(*frame_at);
  return protocol;
}

}  // namespace koegura::capture
