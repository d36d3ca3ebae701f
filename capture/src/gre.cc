// GRE (RFC 2784) with key and sequence number (RFC 2890).
#include "layer.h"
#include "wire.h"

namespace koegura::capture {

namespace {

constexpr std::uint16_t kChecksumPresent = 0x8000;
constexpr std::uint16_t kRoutingPresent = 0x4000;  // RFC 1701 only: nobody sends it
constexpr std::uint16_t kKeyPresent = 0x2000;
constexpr std::uint16_t kSequencePresent = 0x1000;
constexpr std::uint16_t kVersion = 0x0007;  // 1 is PPTP's (RFC 2637), which carries PPP

}  // namespace

LayerResult read_gre(Bytes& bytes) {
  std::size_t size = 4;
  if (bytes.size() < size) return tl::make_unexpected(Defect::kFrameTruncated);
  const std::uint16_t flags = load_be16(bytes.data());
  if ((flags & (kRoutingPresent | kVersion)) != 0) return Protocol::kNotIp;
  for (const std::uint16_t field : {kChecksumPresent, kKeyPresent, kSequencePresent}) {
    if ((flags & field) != 0) size += 4;
  }
  if (bytes.size() < size) return tl::make_unexpected(Defect::kFrameTruncated);
  const Protocol protocol = protocol_of_ether_type(load_be16(bytes.data() + 2));
  bytes = bytes.subspan(size);
  // The field is an EtherType, never a length (RFC 2784 §2.4).
  return protocol == Protocol::kLlc ? Protocol::kNotIp : protocol;
}

}  // namespace koegura::capture
