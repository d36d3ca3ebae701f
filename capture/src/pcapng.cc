#include "capture/pcapng.h"

#include <cassert>
#include <cstring>
#include <limits>

#include "pcapng_block.h"
#include "wire.h"

namespace koegura::capture {

namespace {

constexpr std::uint64_t kSectionLengthUnknown = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint32_t kSectionHeaderSize = 28;         // without options
constexpr std::uint32_t kInterfaceDescriptionSize = 32;  // with the resolution of its stamps
constexpr std::size_t kOptionHeaderSize = 4;
constexpr std::uint16_t kOptionComment = 1;
constexpr std::uint8_t kNanoseconds = 9;  // 10^-9 s

// Appends fields in little-endian order.
class BlockWriter {
 public:
  explicit BlockWriter(std::vector<std::byte>& out) : out_(out) {}
  void put8(std::uint8_t value) { out_.push_back(std::byte{value}); }
  void put16(std::uint16_t value) { store_le16(grow(2), value); }
  void put32(std::uint32_t value) { store_le32(grow(4), value); }
  void put64(std::uint64_t value) {
    put32(static_cast<std::uint32_t>(value));
    put32(static_cast<std::uint32_t>(value >> 32U));
  }

 private:
  std::byte* grow(std::size_t size) {
    out_.resize(out_.size() + size);
    return out_.data() + out_.size() - size;
  }
  std::vector<std::byte>& out_;
};

}  // namespace

std::vector<std::byte> pcapng_preamble(LinkType link, std::string_view comment) {
  assert(comment.size() < std::numeric_limits<std::uint16_t>::max());
  const std::size_t options =
      comment.empty() ? 0 : 2 * kOptionHeaderSize + padded_to_4(comment.size());
  const auto section_size = static_cast<std::uint32_t>(kSectionHeaderSize + options);
  std::vector<std::byte> out;
  out.reserve(section_size + kInterfaceDescriptionSize);
  BlockWriter writer(out);
  writer.put32(kSectionHeaderBlock);
  writer.put32(section_size);
  writer.put32(kByteOrderMagic);
  writer.put16(1);  // version 1.0
  writer.put16(0);
  writer.put64(kSectionLengthUnknown);
  if (!comment.empty()) {
    writer.put16(kOptionComment);
    writer.put16(static_cast<std::uint16_t>(comment.size()));
    for (const char c : comment) writer.put8(static_cast<std::uint8_t>(c));
    for (std::size_t i = comment.size(); i < padded_to_4(comment.size()); ++i) writer.put8(0);
    writer.put32(0);  // opt_endofopt
  }
  writer.put32(section_size);

  writer.put32(kInterfaceDescriptionBlock);
  writer.put32(kInterfaceDescriptionSize);
  writer.put16(static_cast<std::uint16_t>(link));
  writer.put16(0);
  writer.put32(0);  // snaplen: no limit
  writer.put16(kOptionTsResolution);
  writer.put16(1);
  writer.put8(kNanoseconds);
  for (int padding = 0; padding < 3; ++padding) writer.put8(0);
  writer.put32(0);  // opt_endofopt
  writer.put32(kInterfaceDescriptionSize);
  assert(out.size() == section_size + kInterfaceDescriptionSize);
  return out;
}

std::optional<Preamble> read_preamble(Bytes bytes) {
  if (bytes.size() < kSectionHeaderSize + kInterfaceDescriptionSize) return std::nullopt;
  const std::size_t section_size = load_le32(bytes.data() + 4);
  const bool ours = load_le32(bytes.data()) == kSectionHeaderBlock &&
                    load_le32(bytes.data() + 8) == kByteOrderMagic && section_size % 4 == 0 &&
                    section_size >= kSectionHeaderSize &&
                    section_size + kInterfaceDescriptionSize <= bytes.size();
  if (!ours || load_le32(bytes.data() + section_size) != kInterfaceDescriptionBlock ||
      load_le32(bytes.data() + section_size + 4) != kInterfaceDescriptionSize) {
    return std::nullopt;
  }
  Preamble preamble{.comment = {}, .size = section_size + kInterfaceDescriptionSize};
  const Bytes options = bytes.subspan(24, section_size - kSectionHeaderSize);
  if (options.size() < kOptionHeaderSize || load_le16(options.data()) != kOptionComment) {
    return preamble;
  }
  const std::size_t size = load_le16(options.data() + 2);
  if (kOptionHeaderSize + size > options.size()) return std::nullopt;
  preamble.comment = {reinterpret_cast<const char*>(options.data() + kOptionHeaderSize), size};
  return preamble;
}

std::size_t write_enhanced_packet(std::byte* out, Timestamp time, Bytes packet) {
  assert(packet.size() < std::numeric_limits<std::uint32_t>::max() - kEnhancedPacketOverhead);
  const std::size_t block_size = enhanced_packet_size(packet.size());
  const auto size32 = static_cast<std::uint32_t>(block_size);
  const auto captured = static_cast<std::uint32_t>(packet.size());
  const auto ticks = static_cast<std::uint64_t>(to_unix_ns(time));
  store_le32(out, kEnhancedPacketBlock);
  store_le32(out + 4, size32);
  store_le32(out + 8, 0);  // interface
  store_le32(out + 12, static_cast<std::uint32_t>(ticks >> 32U));
  store_le32(out + 16, static_cast<std::uint32_t>(ticks));
  store_le32(out + 20, captured);
  store_le32(out + 24, captured);
  // The padding lies in this word; what is not padding the packet overwrites.
  store_le32(out + block_size - 8, 0);
  if (!packet.empty()) std::memcpy(out + 28, packet.data(), packet.size());
  store_le32(out + block_size - 4, size32);
  return block_size;
}

std::optional<EnhancedPacket> read_enhanced_packet(Bytes blocks) {
  if (blocks.size() < kEnhancedPacketOverhead) return std::nullopt;
  const std::size_t block_size = load_le32(blocks.data() + 4);
  if (load_le32(blocks.data()) != kEnhancedPacketBlock) return std::nullopt;
  if (block_size < kEnhancedPacketOverhead || block_size > blocks.size()) return std::nullopt;
  const auto block = parse_enhanced_packet(blocks.first(block_size), ByteOrder::kLittle);
  if (!block) return std::nullopt;
  return EnhancedPacket{from_unix_ns(static_cast<long long>(block->ticks)), block->packet,
                        block_size};
}

std::optional<PacketBlock> parse_enhanced_packet(Bytes block, ByteOrder order) {
  assert(block.size() >= kEnhancedPacketOverhead);
  const std::byte* at = block.data();
  PacketBlock packet;
  packet.interface = load32(at + 8, order);
  packet.ticks = std::uint64_t{load32(at + 12, order)} << 32U | load32(at + 16, order);
  const std::size_t captured = load32(at + 20, order);
  packet.wire_length = load32(at + 24, order);
  if (captured > block.size() - kEnhancedPacketOverhead) return std::nullopt;
  packet.packet = block.subspan(28, captured);
  return packet;
}

}  // namespace koegura::capture
