#include "ip_header.h"

#include <cstring>

#include "wire.h"

namespace koegura::capture {

namespace {

constexpr std::size_t kIpv4HeaderSize = 20;
constexpr int kMaxExtensionHeaders = 8;  // senders use one or two; a chain of hundreds is an attack

// How long the extension header is that begins at `at`; 0 if the protocol is none we walk.
std::size_t extension_size(std::uint8_t protocol, const std::byte* at) {
  switch (protocol) {
    case ip_protocol::kHopByHop:
    case ip_protocol::kRouting:
    case ip_protocol::kDestinationOptions:
    case ip_protocol::kMobility:
    case ip_protocol::kHip:
    case ip_protocol::kShim6:
      return (load_u8(at + 1) + 1U) * 8U;
    case ip_protocol::kAuthentication:  // in 4-byte units, minus 2 (RFC 4302 §2.2)
      return (load_u8(at + 1) + 2U) * 4U;
    case ip_protocol::kFragment:
      return 8;
    default:
      return 0;
  }
}

bool is_extension(std::uint8_t protocol) {
  constexpr std::byte kAnyLength[2] = {};
  return extension_size(protocol, kAnyLength) != 0;
}

// How long the AH is that begins `bytes` (RFC 4302 §2.2); 0 if it is not all there.
std::size_t authentication_size(Bytes bytes) {
  if (bytes.size() < 8) return 0;
  const std::size_t size = extension_size(ip_protocol::kAuthentication, bytes.data());
  return size <= bytes.size() ? size : 0;
}

tl::expected<IpHeader, Defect> read_ipv4(Bytes bytes) {
  if (bytes.size() < kIpv4HeaderSize) return tl::make_unexpected(Defect::kIpTruncated);
  const std::byte* at = bytes.data();
  std::size_t header_size = (load_u8(at) & 0x0FU) * 4U;
  if (header_size < kIpv4HeaderSize) return tl::make_unexpected(Defect::kIpBadHeaderLength);
  std::size_t total = load_be16(at + 2);
  // Segmentation offload on the capturing machine leaves 0: then the frame says how long it is.
  if (total == 0) total = std::min(bytes.size(), kMaxDatagram);
  if (total < header_size) return tl::make_unexpected(Defect::kIpBadHeaderLength);
  if (total > bytes.size()) return tl::make_unexpected(Defect::kIpTruncated);
  const std::uint16_t flags_and_offset = load_be16(at + 6);
  std::uint8_t protocol = load_u8(at + 9);
  // In a fragment AH is part of what is put together first.
  if (protocol == ip_protocol::kAuthentication && (flags_and_offset & 0x3FFFU) == 0) {
    const std::size_t size = authentication_size(bytes.first(total).subspan(header_size));
    if (size == 0) return tl::make_unexpected(Defect::kIpBadHeaderLength);
    protocol = load_u8(at + header_size);
    header_size += size;
  }

  IpHeader header;
  header.datagram = bytes.first(total);
  header.size = static_cast<std::uint16_t>(header_size);
  header.protocol = protocol;
  header.ttl = load_u8(at + 8);
  header.fragment.id = load_be16(at + 4);
  header.fragment.offset = (flags_and_offset & 0x1FFFU) * 8U;
  header.fragment.more = (flags_and_offset & 0x2000U) != 0;
  return header;
}

// Walks the extension headers (RFC 8200 §4.1). A fragment other than the first carries none
// behind its fragment header: what follows is the middle of something.
bool walk_extensions(IpHeader& header) {
  std::size_t next_header_at = 6;
  std::size_t at = kIpv6HeaderSize;
  int count = 0;
  while (is_extension(header.protocol) && !header.is_fragment()) {
    if (++count > kMaxExtensionHeaders) return false;
    const Bytes rest = header.datagram.subspan(at);
    if (rest.size() < 8) return false;
    const std::size_t size = extension_size(header.protocol, rest.data());
    if (size > rest.size()) return false;
    if (header.protocol == ip_protocol::kFragment) {
      const std::uint16_t offset_and_more = load_be16(rest.data() + 2);
      header.fragment.id = load_be32(rest.data() + 4);
      header.fragment.offset = offset_and_more & 0xFFF8U;
      header.fragment.more = (offset_and_more & 1U) != 0;
      header.fragment.header_at = static_cast<std::uint16_t>(at);
      header.fragment.next_header_at = static_cast<std::uint16_t>(next_header_at);
    }
    header.protocol = load_u8(rest.data());
    next_header_at = at;
    at += size;
  }
  header.size = static_cast<std::uint16_t>(at);
  return true;
}

tl::expected<IpHeader, Defect> read_ipv6(Bytes bytes) {
  if (bytes.size() < kIpv6HeaderSize) return tl::make_unexpected(Defect::kIpTruncated);
  const std::byte* at = bytes.data();
  std::size_t total = kIpv6HeaderSize + load_be16(at + 4);
  // Segmentation offload, or a jumbogram (RFC 2675), which is no telephone call.
  if (total == kIpv6HeaderSize) total = std::min(bytes.size(), kMaxDatagram);
  if (total > bytes.size()) return tl::make_unexpected(Defect::kIpTruncated);
  if (total > kMaxDatagram) return tl::make_unexpected(Defect::kIpBadHeaderLength);

  IpHeader header;
  header.datagram = bytes.first(total);
  header.protocol = load_u8(at + 6);
  header.ttl = load_u8(at + 7);
  header.is_v6 = true;
  if (!walk_extensions(header)) return tl::make_unexpected(Defect::kIpv6BadExtension);
  return header;
}

}  // namespace

IpAddress IpHeader::address(std::size_t at) const {
  IpAddress address;
  if (is_v6) {
    std::memcpy(address.bytes.data(), datagram.data() + at, address.bytes.size());
    return address;
  }
  // ::ffff:0:0/96 in two whole words: who hashes the address loads it as two words, and waits for
  // stores that are smaller.
  const std::uint64_t v4 = load_le32(datagram.data() + at);
  store_le64(reinterpret_cast<std::byte*>(address.bytes.data()), 0);
  store_le64(reinterpret_cast<std::byte*>(address.bytes.data() + 8), v4 << 32U | 0xFFFF0000U);
  return address;
}

tl::expected<IpHeader, Defect> read_ip_header(Bytes bytes) {
  if (bytes.empty()) return tl::make_unexpected(Defect::kIpTruncated);
  switch (load_u8(bytes.data()) >> 4U) {
    case 4:
      return read_ipv4(bytes);
    case 6:
      return read_ipv6(bytes);
    default:
      return tl::make_unexpected(Defect::kIpBadVersion);
  }
}

}  // namespace koegura::capture
