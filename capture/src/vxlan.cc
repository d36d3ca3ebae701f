// VXLAN (RFC 7348 §5): Ethernet in UDP. The group policy variant sets the first bit, which makes a
// first byte of RTP: it is left alone, as any audio would be.
#include "layer.h"
#include "wire.h"

namespace koegura::capture {

namespace {

constexpr std::size_t kVxlanHeaderSize = 8;
constexpr std::uint32_t kOnlyNetworkIdentifier = 0x08000000;  // the I flag, and nothing reserved

}  // namespace

LayerResult read_vxlan(Bytes& bytes) {
  if (bytes.size() < kVxlanHeaderSize) return Protocol::kPlainUdp;
  if (load_be32(bytes.data()) != kOnlyNetworkIdentifier) return Protocol::kPlainUdp;
  if (load_u8(bytes.data() + 7) != 0) return Protocol::kPlainUdp;
  bytes = bytes.subspan(kVxlanHeaderSize);
  return Protocol::kEthernet;
}

}  // namespace koegura::capture
