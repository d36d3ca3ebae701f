// PPPoE session frames (RFC 2516 §4) and the PPP protocol field in them (RFC 1661 §2).
#include "layer.h"
#include "wire.h"

namespace koegura::capture {

namespace {

constexpr std::size_t kPppoeHeaderSize = 6;
constexpr std::uint8_t kSessionData = 0;
constexpr std::uint16_t kPppIpv4 = 0x0021;
constexpr std::uint16_t kPppIpv6 = 0x0057;

}  // namespace

LayerResult read_pppoe(Bytes& bytes) {
  if (bytes.size() < kPppoeHeaderSize + 2) return tl::make_unexpected(Defect::kFrameTruncated);
  if (load_u8(bytes.data() + 1) != kSessionData) return Protocol::kNotIp;
  bytes = bytes.subspan(kPppoeHeaderSize);
  // Protocol-Field-Compression (RFC 1661 §6.5): an odd first byte is the whole field.
  const bool compressed = (load_u8(bytes.data()) & 1U) != 0;
  const std::uint16_t protocol = compressed ? load_u8(bytes.data()) : load_be16(bytes.data());
  bytes = bytes.subspan(compressed ? 1 : 2);
  return protocol == kPppIpv4 || protocol == kPppIpv6 ? Protocol::kIp : Protocol::kNotIp;
}

}  // namespace koegura::capture
