// MPLS label stack (RFC 3032). It does not say what it carries; the first nibble tells (RFC 4928
// §2): 4 and 6 are IP, 0 is a pseudowire's control word (RFC 4385) with Ethernet behind it.
#include "layer.h"
#include "wire.h"

namespace koegura::capture {

namespace {

constexpr std::size_t kLabelSize = 4;
constexpr std::size_t kControlWordSize = 4;
constexpr std::uint32_t kBottomOfStack = 0x100;

}  // namespace

LayerResult read_mpls(Bytes& bytes) {
  std::uint32_t label = 0;
  do {
    if (bytes.size() < kLabelSize) return tl::make_unexpected(Defect::kFrameTruncated);
    label = load_be32(bytes.data());
    bytes = bytes.subspan(kLabelSize);
  } while ((label & kBottomOfStack) == 0);

  if (bytes.empty()) return tl::make_unexpected(Defect::kFrameTruncated);
  switch (load_u8(bytes.data()) >> 4U) {
    case 4:
    case 6:
      return Protocol::kIp;
    case 0:
      if (bytes.size() < kControlWordSize) return tl::make_unexpected(Defect::kFrameTruncated);
      bytes = bytes.subspan(kControlWordSize);
      return Protocol::kEthernet;
    default:
      return Protocol::kNotIp;
  }
}

}  // namespace koegura::capture
