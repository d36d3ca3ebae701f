// GENEVE (RFC 8926 §3): Ethernet or IP in UDP, with options that need no reading.
#include "layer.h"
#include "wire.h"

namespace koegura::capture {

namespace {

constexpr std::size_t kGeneveHeaderSize = 8;
constexpr std::uint8_t kGeneveVersion = 0xC0;  // 0 is the only one there is
constexpr std::uint8_t kOptionsLength = 0x3F;  // in 4 bytes
constexpr std::uint8_t kReserved = 0x3F;
constexpr std::uint16_t kEthernetBridging = 0x6558;
constexpr std::uint16_t kIpv4 = 0x0800;
constexpr std::uint16_t kIpv6 = 0x86DD;

Protocol protocol_in(Bytes inner, std::uint16_t type) {
  if (type == kEthernetBridging) return Protocol::kEthernet;
  if (type != kIpv4 && type != kIpv6) return Protocol::kPlainUdp;
  const unsigned version = type == kIpv4 ? 4 : 6;
  const bool agrees = !inner.empty() && load_u8(inner.data()) >> 4U == version;
  return agrees ? Protocol::kIp : Protocol::kPlainUdp;
}

}  // namespace

LayerResult read_geneve(Bytes& bytes) {
  if (bytes.size() < kGeneveHeaderSize) return Protocol::kPlainUdp;
  const std::byte* at = bytes.data();
  if ((load_u8(at) & kGeneveVersion) != 0) return Protocol::kPlainUdp;
  if ((load_u8(at + 1) & kReserved) != 0 || load_u8(at + 7) != 0) return Protocol::kPlainUdp;
  const std::size_t size = kGeneveHeaderSize + (load_u8(at) & kOptionsLength) * 4U;
  if (size > bytes.size()) return Protocol::kPlainUdp;
  bytes = bytes.subspan(size);
  return protocol_in(bytes, load_be16(at + 2));
}

}  // namespace koegura::capture
