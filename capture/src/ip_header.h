// IpHeader: the header of an IPv4 (RFC 791 §3.1) or IPv6 datagram (RFC 8200 §3, §4), extension
// headers walked, AH (RFC 4302) in IPv4 too. Header checksums are not verified: a capture on the
// sending machine has them before the card fills them in.
#pragma once

#include <tl/expected.hpp>

#include "capture/address.h"
#include "capture/defect.h"
#include "capture/frame.h"

namespace koegura::capture {

namespace ip_protocol {
inline constexpr std::uint8_t kHopByHop = 0;
inline constexpr std::uint8_t kIpv4 = 4;  // IP-in-IP (RFC 2003)
inline constexpr std::uint8_t kTcp = 6;
inline constexpr std::uint8_t kUdp = 17;
inline constexpr std::uint8_t kIpv6 = 41;  // RFC 4213
inline constexpr std::uint8_t kRouting = 43;
inline constexpr std::uint8_t kFragment = 44;
inline constexpr std::uint8_t kGre = 47;
inline constexpr std::uint8_t kAuthentication = 51;
inline constexpr std::uint8_t kDestinationOptions = 60;
inline constexpr std::uint8_t kMobility = 135;  // RFC 6275
inline constexpr std::uint8_t kHip = 139;       // RFC 7401
inline constexpr std::uint8_t kShim6 = 140;     // RFC 5533
}  // namespace ip_protocol

inline constexpr std::size_t kMaxDatagram = 65535;
inline constexpr std::size_t kIpv6HeaderSize = 40;  // without extension headers

// What makes a datagram a fragment. offset 0 with more false is no fragment.
struct FragmentFields {
  std::uint32_t id = 0;
  std::uint32_t offset = 0;  // bytes
  bool more = false;
  std::uint16_t header_at = 0;       // IPv6: where the fragment header lies
  std::uint16_t next_header_at = 0;  // IPv6: where the byte that announces it lies
};

struct IpHeader {
  Bytes datagram;             // exactly its length: Ethernet padding is cut off
  std::uint16_t size = 0;     // with options and extension headers: where the payload begins
  std::uint8_t protocol = 0;  // of the payload
  std::uint8_t ttl = 0;
  bool is_v6 = false;
  FragmentFields fragment;

  // Read when asked for: most headers are read once, straight into the packet.
  [[nodiscard]] IpAddress source() const { return address(is_v6 ? 8 : 12); }
  [[nodiscard]] IpAddress destination() const { return address(is_v6 ? 24 : 16); }
  [[nodiscard]] Bytes payload() const { return datagram.subspan(size); }
  [[nodiscard]] bool is_fragment() const { return fragment.offset != 0 || fragment.more; }

 private:
  [[nodiscard]] IpAddress address(std::size_t at) const;
};

// Reads the header at the front of bytes, which may go on behind the datagram.
[[nodiscard]] tl::expected<IpHeader, Defect> read_ip_header(Bytes bytes);

}  // namespace koegura::capture
