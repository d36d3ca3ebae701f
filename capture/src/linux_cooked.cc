// LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2: what Linux gives for "any" and for devices without
// a header of their own.
#include "layer.h"
#include "wire.h"

namespace koegura::capture {

namespace {

constexpr std::size_t kSllHeaderSize = 16;
constexpr std::size_t kSll2HeaderSize = 20;

}  // namespace

LayerResult read_linux_sll(Bytes& bytes) {
  if (bytes.size() < kSllHeaderSize) return tl::make_unexpected(Defect::kFrameTruncated);
  const std::uint16_t type = load_be16(bytes.data() + 14);
  bytes = bytes.subspan(kSllHeaderSize);
  return protocol_of_ether_type(type);
}

LayerResult read_linux_sll2(Bytes& bytes) {
  if (bytes.size() < kSll2HeaderSize) return tl::make_unexpected(Defect::kFrameTruncated);
  const std::uint16_t type = load_be16(bytes.data());
  bytes = bytes.subspan(kSll2HeaderSize);
  return protocol_of_ether_type(type);
}

}  // namespace koegura::capture
