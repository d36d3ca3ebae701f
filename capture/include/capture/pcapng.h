// pcapng: the blocks that the spool, the attachments and the traffic generator write and read
// back. Ours are always little-endian, one section, one interface, nanoseconds, no options on
// packets. Other people's files are read by open_capture_file.
// Source: draft-ietf-opsawg-pcapng.
//
//   file = preamble enhanced-packet*
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "capture/frame.h"

namespace koegura::capture {

inline constexpr std::uint32_t kSectionHeaderBlock = 0x0A0D0D0A;
inline constexpr std::uint32_t kInterfaceDescriptionBlock = 1;
inline constexpr std::uint32_t kObsoletePacketBlock = 2;
inline constexpr std::uint32_t kSimplePacketBlock = 3;
inline constexpr std::uint32_t kEnhancedPacketBlock = 6;
inline constexpr std::uint32_t kByteOrderMagic = 0x1A2B3C4D;

// Every block is padded to 4 bytes.
inline constexpr std::size_t padded_to_4(std::size_t size) {
  return (size + 3) & ~std::size_t{3};
}

// What an enhanced packet block adds to its packet, padding apart.
inline constexpr std::size_t kEnhancedPacketOverhead = 32;
inline constexpr std::size_t enhanced_packet_size(std::size_t captured) {
  return kEnhancedPacketOverhead + padded_to_4(captured);
}

// A section header and the description of interface 0. The comment is the section's.
[[nodiscard]] std::vector<std::byte> pcapng_preamble(LinkType link, std::string_view comment = {});
// The comment and the size of a preamble at the front of what pcapng_preamble wrote; nothing if it
// is none.
struct Preamble {
  std::string_view comment;
  std::size_t size = 0;
};
[[nodiscard]] std::optional<Preamble> read_preamble(Bytes bytes);

// Writes one block and gives its size, enhanced_packet_size(packet.size()).
// REQUIRES: that many bytes at out; packet shorter than 4 GiB; time not before 1970.
std::size_t write_enhanced_packet(std::byte* out, Timestamp time, Bytes packet);

// One enhanced packet block read back.
struct EnhancedPacket {
  Timestamp time;
  Bytes packet;
  std::size_t block_size = 0;  // the next block follows after this many bytes
};

// The block at the front of what write_enhanced_packet wrote; nothing if it is not a whole one.
[[nodiscard]] std::optional<EnhancedPacket> read_enhanced_packet(Bytes blocks);

}  // namespace koegura::capture
