// pcapng as anyone may write it (draft-ietf-opsawg-pcapng): both byte orders, several sections,
// interfaces with their own link types and clocks, the obsolete and the simple packet block.
// Blocks we do not know are passed over without being held in memory.
#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "capture/pcapng.h"
#include "frame_reader.h"
#include "pcapng_block.h"
#include "tick_scale.h"
#include "wire.h"

namespace koegura::capture {

namespace {

constexpr std::size_t kMinBlockSize = 12;
constexpr std::size_t kSectionHeaderMinSize = 28;
constexpr std::size_t kInterfaceMinSize = 20;
constexpr std::size_t kSimplePacketMinSize = 16;
constexpr std::size_t kMaxBlockSize = 16U << 20U;  // of those that must be held; Wireshark's limit
constexpr std::uint32_t kSwappedByteOrderMagic = 0x4D3C2B1A;
constexpr std::uint16_t kOptionTsOffset = 14;

struct Interface {
  LinkType link = LinkType::kEthernet;
  std::uint32_t snaplen = 0;  // 0: no limit
  TickScale scale;
};

class PcapngReader final : public FrameReader {
 public:
  explicit PcapngReader(Window& window) : window_(window) {}

  Result<std::size_t> read(std::span<Frame> burst) override {
    return fill_burst(*this, window_, packets_, burst);
  }

  Parsed parse(Frame& frame);
  [[nodiscard]] std::string damage() const {
    return "damaged at " + window_.describe(window_.offset()) + ": " + damage_;
  }

 private:
  Parsed damaged(std::string what) {
    damage_ = std::move(what);
    return {Parsed::Kind::kDamage};
  }
  // Each reads a whole block, which the caller then takes.
  Parsed read_block(std::uint32_t type, Bytes block, Frame& frame);
  Parsed read_section(Bytes block);
  Parsed read_interface(Bytes block);
  Parsed read_packet(const PacketBlock& packet, Frame& frame);
  Parsed read_obsolete(Bytes block, Frame& frame);
  Parsed read_simple(Bytes block, Frame& frame);
  bool read_option(std::uint16_t code, Bytes value, Interface& interface) const;

  [[nodiscard]] std::uint16_t u16(const std::byte* at) const { return load16(at, order_); }
  [[nodiscard]] std::uint32_t u32(const std::byte* at) const { return load32(at, order_); }

  Window& window_;
  ByteOrder order_ = ByteOrder::kLittle;
  std::vector<Interface> interfaces_;  // of this section
  std::size_t interfaces_before_ = 0;  // of the sections before
  Timestamp last_;
  std::uint64_t packets_ = 0;
  std::string damage_;
};

bool is_ours(std::uint32_t type) {
  switch (type) {
    case kSectionHeaderBlock:
    case kInterfaceDescriptionBlock:
    case kObsoletePacketBlock:
    case kSimplePacketBlock:
    case kEnhancedPacketBlock:
      return true;
    default:
      return false;
  }
}

Parsed PcapngReader::parse(Frame& frame) {
  const Bytes rest = window_.rest();
  if (rest.size() < kMinBlockSize) return {Parsed::Kind::kMore, kMinBlockSize};
  const std::byte* at = rest.data();
  const std::uint32_t type = u32(at);  // a section header's reads the same both ways
  if (type == kSectionHeaderBlock) {
    const std::uint32_t magic = load_le32(at + 8);
    if (magic != kByteOrderMagic && magic != kSwappedByteOrderMagic) {
      return damaged("a section header without the byte-order magic");
    }
    order_ = magic == kByteOrderMagic ? ByteOrder::kLittle : ByteOrder::kBig;
  }
  const std::size_t size = u32(at + 4);
  if (size < kMinBlockSize || size % 4 != 0) {
    return damaged("a block of " + std::to_string(size) + " bytes");
  }
  if (rest.size() < size) {
    if (!is_ours(type)) return {Parsed::Kind::kSkip, size};
    if (size > kMaxBlockSize) return damaged("a block of " + std::to_string(size) + " bytes");
    return {Parsed::Kind::kMore, size};
  }
  if (u32(at + size - 4) != size) return damaged("a block whose two lengths differ");
  const Parsed parsed = read_block(type, rest.first(size), frame);
  if (parsed.kind != Parsed::Kind::kDamage) window_.take(size);
  return parsed;
}

Parsed PcapngReader::read_block(std::uint32_t type, Bytes block, Frame& frame) {
  switch (type) {
    case kEnhancedPacketBlock: {
      if (block.size() < kEnhancedPacketOverhead) return damaged("a packet block too short");
      const auto packet = parse_enhanced_packet(block, order_);
      if (!packet) return damaged("a packet longer than its block");
      return read_packet(*packet, frame);
    }
    case kSectionHeaderBlock:
      return read_section(block);
    case kInterfaceDescriptionBlock:
      return read_interface(block);
    case kObsoletePacketBlock:
      return read_obsolete(block, frame);
    case kSimplePacketBlock:
      return read_simple(block, frame);
    default:
      return {Parsed::Kind::kNoFrame};
  }
}

Parsed PcapngReader::read_section(Bytes block) {
  if (block.size() < kSectionHeaderMinSize) return damaged("a section header too short");
  const std::uint16_t major = u16(block.data() + 12);
  if (major != 1) return damaged("pcapng version " + std::to_string(major) + ", not 1");
  interfaces_before_ += interfaces_.size();
  interfaces_.clear();
  return {Parsed::Kind::kNoFrame};
}

Parsed PcapngReader::read_interface(Bytes block) {
  if (block.size() < kInterfaceMinSize) return damaged("an interface description too short");
  Interface interface;
  interface.link = link_type_of(u16(block.data() + 8));
  interface.snaplen = u32(block.data() + 12);
  Bytes options = block.subspan(16, block.size() - kInterfaceMinSize);
  while (options.size() >= 4) {
    const std::uint16_t code = u16(options.data());
    const std::size_t length = u16(options.data() + 2);
    if (code == 0) break;  // opt_endofopt
    if (4 + padded_to_4(length) > options.size()) return damaged("an option longer than its block");
    if (!read_option(code, options.subspan(4, length), interface)) {
      return damaged("an interface with an impossible clock");
    }
    options = options.subspan(4 + padded_to_4(length));
  }
  interfaces_.push_back(interface);
  return {Parsed::Kind::kNoFrame};
}

bool PcapngReader::read_option(std::uint16_t code, Bytes value, Interface& interface) const {
  if (code == kOptionTsResolution) {
    return value.size() == 1 && interface.scale.set_resolution(load_u8(value.data()));
  }
  if (code == kOptionTsOffset) {
    if (value.size() != 8) return false;
    const std::uint32_t first = u32(value.data());
    const std::uint32_t second = u32(value.data() + 4);
    const bool little = order_ == ByteOrder::kLittle;
    interface.scale.set_offset(static_cast<std::int64_t>(
        std::uint64_t{little ? second : first} << 32U | (little ? first : second)));
  }
  return true;
}

Parsed PcapngReader::read_packet(const PacketBlock& packet, Frame& frame) {
  if (packet.interface >= interfaces_.size()) {
    return damaged("a packet of interface " + std::to_string(packet.interface) +
                   ", which nothing describes");
  }
  const Interface& interface = interfaces_[packet.interface];
  last_ = interface.scale.time_of(packet.ticks);
  frame.time = last_;
  frame.bytes = packet.packet;
  frame.wire_length = packet.wire_length;
  frame.link = interface.link;
  frame.interface = static_cast<std::uint16_t>(std::min<std::size_t>(
      interfaces_before_ + packet.interface, std::numeric_limits<std::uint16_t>::max()));
  return {Parsed::Kind::kFrame};
}

// The enhanced packet block's ancestor: the interface has 16 bits, a drop count the others.
Parsed PcapngReader::read_obsolete(Bytes block, Frame& frame) {
  if (block.size() < kEnhancedPacketOverhead) return damaged("a packet block too short");
  auto packet = parse_enhanced_packet(block, order_);
  if (!packet) return damaged("a packet longer than its block");
  packet->interface = u16(block.data() + 8);
  return read_packet(*packet, frame);
}

// Without a time and, where the snaplen cut it, without the captured length: it is of interface 0,
// and no earlier than the packet before it.
Parsed PcapngReader::read_simple(Bytes block, Frame& frame) {
  if (block.size() < kSimplePacketMinSize) return damaged("a packet block too short");
  PacketBlock packet;
  packet.wire_length = u32(block.data() + 8);
  std::size_t captured =
      std::min<std::size_t>(packet.wire_length, block.size() - kSimplePacketMinSize);
  if (!interfaces_.empty() && interfaces_[0].snaplen != 0) {
    captured = std::min<std::size_t>(captured, interfaces_[0].snaplen);
  }
  packet.packet = block.subspan(12, captured);
  const Timestamp before = last_;
  const Parsed parsed = read_packet(packet, frame);
  last_ = before;
  frame.time = before;
  return parsed;
}

}  // namespace

bool is_pcapng_magic(std::uint32_t magic) {
  return magic == kSectionHeaderBlock;
}

Result<std::unique_ptr<FrameReader>> open_pcapng(Window& window) {
  return std::make_unique<PcapngReader>(window);
}

}  // namespace koegura::capture
