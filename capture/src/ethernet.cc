// Ethernet II and 802.3, the VLAN tags 802.1Q and 802.1ad, 802.2 LLC with SNAP.
#include "layer.h"
#include "wire.h"

namespace koegura::capture {

namespace {

constexpr std::size_t kEthernetHeaderSize = 14;
constexpr std::size_t kVlanTagSize = 4;  // after the EtherType that announces it
constexpr std::size_t kSnapHeaderSize = 8;
constexpr std::uint32_t kSnap = 0xAAAA0300;  // DSAP, SSAP, unnumbered information, OUI's first byte

}  // namespace

Protocol protocol_of_ether_type(std::uint16_t type) {
  switch (type) {
    case 0x0800:
    case 0x86DD:
      return Protocol::kIp;
    case 0x8100:
    case 0x88A8:
    case 0x9100:  // QinQ before 802.1ad
      return Protocol::kVlan;
    case 0x8847:
    case 0x8848:
      return Protocol::kMpls;
    case 0x8864:
      return Protocol::kPppoe;
    case 0x6558:  // transparent Ethernet bridging (RFC 7637)
      return Protocol::kEthernet;
    default:
      return type <= 1500 ? Protocol::kLlc : Protocol::kNotIp;
  }
}

LayerResult read_ethernet(Bytes& bytes) {
  if (bytes.size() < kEthernetHeaderSize) return tl::make_unexpected(Defect::kFrameTruncated);
  const std::uint16_t type = load_be16(bytes.data() + 12);
  bytes = bytes.subspan(kEthernetHeaderSize);
  return protocol_of_ether_type(type);
}

LayerResult read_vlan(Bytes& bytes) {
  if (bytes.size() < kVlanTagSize) return tl::make_unexpected(Defect::kFrameTruncated);
  const std::uint16_t type = load_be16(bytes.data() + 2);
  bytes = bytes.subspan(kVlanTagSize);
  return protocol_of_ether_type(type);
}

LayerResult read_llc(Bytes& bytes) {
  const bool snap = bytes.size() >= kSnapHeaderSize && load_be32(bytes.data()) == kSnap;
  if (!snap || load_be16(bytes.data() + 4) != 0) return Protocol::kNotIp;
  const Protocol protocol = protocol_of_ether_type(load_be16(bytes.data() + 6));
  bytes = bytes.subspan(kSnapHeaderSize);
  // A length here would be LLC in LLC, which nothing sends.
  return protocol == Protocol::kLlc ? Protocol::kNotIp : protocol;
}

}  // namespace koegura::capture
