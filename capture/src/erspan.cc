// ERSPAN (draft-foschiano-erspan-03 §4.2, §4.3): the frames that a Cisco switch mirrors, in GRE.
#include "layer.h"
#include "wire.h"

namespace koegura::capture {

namespace {

constexpr std::uint8_t kVersionOfType2 = 1;
constexpr std::uint8_t kVersionOfType3 = 2;
constexpr std::size_t kType2HeaderSize = 8;
constexpr std::size_t kType3HeaderSize = 12;
constexpr std::size_t kPlatformSubheaderSize = 8;
constexpr std::uint16_t kPlatformSubheaderPresent = 0x0001;
constexpr unsigned kFrameTypeShift = 10;
constexpr unsigned kFrameTypeMask = 0x1F;

// What a type III header says it mirrored.
Protocol protocol_of_frame_type(unsigned type) {
  switch (type) {
    case 0:
      return Protocol::kEthernet;
    case 2:
      return Protocol::kIp;
    default:
      return Protocol::kNotIp;
  }
}

LayerResult read_type3(Bytes& bytes) {
  if (bytes.size() < kType3HeaderSize) return tl::make_unexpected(Defect::kFrameTruncated);
  const std::uint16_t fields = load_be16(bytes.data() + 10);
  const bool platform = (fields & kPlatformSubheaderPresent) != 0;
  const std::size_t size = kType3HeaderSize + (platform ? kPlatformSubheaderSize : 0);
  if (bytes.size() < size) return tl::make_unexpected(Defect::kFrameTruncated);
  bytes = bytes.subspan(size);
  return protocol_of_frame_type(fields >> kFrameTypeShift & kFrameTypeMask);
}

}  // namespace

LayerResult read_erspan(Bytes& bytes) {
  if (bytes.size() < kType2HeaderSize) return tl::make_unexpected(Defect::kFrameTruncated);
  switch (load_u8(bytes.data()) >> 4U) {
    case kVersionOfType2:
      bytes = bytes.subspan(kType2HeaderSize);
      return Protocol::kEthernet;
    case kVersionOfType3:
      return read_type3(bytes);
    default:
      return Protocol::kNotIp;
  }
}

}  // namespace koegura::capture
