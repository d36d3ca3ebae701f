// PacketBlock: what a pcapng packet block says, before its interface gives it a time and a link
// type.
#pragma once

#include <optional>

#include "capture/frame.h"
#include "wire.h"

namespace koegura::capture {

inline constexpr std::uint16_t kOptionTsResolution = 9;  // of an interface: if_tsresol

struct PacketBlock {
  std::uint64_t ticks = 0;  // in the interface's resolution
  Bytes packet;
  std::uint32_t interface = 0;  // within the section
  std::uint32_t wire_length = 0;
};

// REQUIRES: block is a whole enhanced packet block of at least kEnhancedPacketOverhead bytes.
// Nothing if the captured length runs past it.
[[nodiscard]] std::optional<PacketBlock> parse_enhanced_packet(Bytes block, ByteOrder order);

}  // namespace koegura::capture
