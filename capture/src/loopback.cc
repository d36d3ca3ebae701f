// LINKTYPE_NULL and LINKTYPE_LOOP: an address family before the datagram, in the capturing
// machine's byte order (NULL) or network order (LOOP). Families are small numbers, so the order
// shows in the value.
#include "layer.h"
#include "wire.h"

namespace koegura::capture {

LayerResult read_loopback(Bytes& bytes) {
  constexpr std::size_t kFamilySize = 4;
  if (bytes.size() < kFamilySize) return tl::make_unexpected(Defect::kFrameTruncated);
  const std::uint32_t big_endian = load_be32(bytes.data());
  const std::uint32_t family = big_endian <= 0xFFFF ? big_endian : load_le32(bytes.data());
  bytes = bytes.subspan(kFamilySize);
  switch (family) {
    case 2:   // AF_INET everywhere
    case 10:  // AF_INET6 of Linux,
    case 24:  // NetBSD and OpenBSD,
    case 28:  // FreeBSD,
    case 30:  // macOS
      return Protocol::kIp;
    default:
      return Protocol::kNotIp;
  }
}

}  // namespace koegura::capture
