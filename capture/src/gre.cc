// GRE (RFC 2784) with key and sequence number (RFC 2890), which carries ERSPAN among others.
#include "layer.h"
#include "wire.h"

namespace koegura::capture {

namespace {

constexpr std::uint16_t kChecksumPresent = 0x8000;
constexpr std::uint16_t kRoutingPresent = 0x4000;  // RFC 1701 only: nobody sends it
constexpr std::uint16_t kKeyPresent = 0x2000;
constexpr std::uint16_t kSequencePresent = 0x1000;
constexpr std::uint16_t kGreVersion = 0x0007;  // 1 is PPTP's (RFC 2637), which carries PPP

constexpr std::uint16_t kErspan1And2 = 0x88BE;
constexpr std::uint16_t kErspan3 = 0x22EB;

// ERSPAN type I is type II without sequence numbers, and then without a header of its own
// (draft-foschiano-erspan-03 §4.1).
Protocol protocol_of(std::uint16_t type, std::uint16_t flags) {
  if (type == kErspan3) return Protocol::kErspan;
  if (type != kErspan1And2) return protocol_of_ether_type(type);
  return (flags & kSequencePresent) != 0 ? Protocol::kErspan : Protocol::kEthernet;
}

}  // namespace

LayerResult read_gre(Bytes& bytes) {
  std::size_t size = 4;
  if (bytes.size() < size) return tl::make_unexpected(Defect::kFrameTruncated);
  const std::uint16_t flags = load_be16(bytes.data());
  if ((flags & (kRoutingPresent | kGreVersion)) != 0) return Protocol::kNotIp;
  for (const std::uint16_t field : {kChecksumPresent, kKeyPresent, kSequencePresent}) {
    if ((flags & field) != 0) size += 4;
  }
  if (bytes.size() < size) return tl::make_unexpected(Defect::kFrameTruncated);
  const Protocol protocol = protocol_of(load_be16(bytes.data() + 2), flags);
  bytes = bytes.subspan(size);
  // The field is an EtherType, never a length (RFC 2784 §2.4).
  return protocol == Protocol::kLlc ? Protocol::kNotIp : protocol;
}

}  // namespace koegura::capture
