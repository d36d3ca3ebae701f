#include "red.h"

namespace koegura::decode {
namespace {

// RFC 2198 §3: F (1 bit), block PT (7), and but for the last: timestamp offset (14), length (10).
constexpr std::uint8_t kFollowed = 0x80;
constexpr std::uint8_t kTypeMask = 0x7F;
constexpr std::size_t kHeaderSize = 4;
constexpr std::size_t kLastHeaderSize = 1;
constexpr unsigned kLengthBits = 10;
constexpr std::uint32_t kLengthMask = (1U << kLengthBits) - 1;

}  // namespace

bool RedPayload::read(Bytes payload) {
  size_ = 0;
  std::array<std::size_t, kMaxBlocks> lengths{};
  std::size_t at = 0;
  std::size_t blocks = 0;
  std::size_t repeated = 0;  // bytes
  const auto octet = [&](std::size_t i) { return std::to_integer<std::uint32_t>(payload[i]); };
  while (at < payload.size() && (octet(at) & kFollowed) != 0) {
    if (payload.size() - at < kHeaderSize || blocks + 1 == kMaxBlocks) return false;
    const std::uint32_t rest = octet(at + 1) << 16U | octet(at + 2) << 8U | octet(at + 3);
    blocks_[blocks] = {.payload_type = static_cast<std::uint8_t>(octet(at) & kTypeMask),
                       .offset = rest >> kLengthBits,
                       .payload = {}};
    lengths[blocks] = rest & kLengthMask;
    repeated += lengths[blocks++];
    at += kHeaderSize;
  }
  if (at == payload.size() || payload.size() - at - kLastHeaderSize < repeated) return false;
  blocks_[blocks] = {
      .payload_type = static_cast<std::uint8_t>(octet(at)), .offset = 0, .payload = {}};
  Bytes rest = payload.subspan(at + kLastHeaderSize);
  for (std::size_t i = 0; i < blocks; ++i) {
    blocks_[i].payload = rest.first(lengths[i]);
    rest = rest.subspan(lengths[i]);
  }
  blocks_[blocks].payload = rest;
  size_ = blocks + 1;
  return true;
}

}  // namespace koegura::decode
