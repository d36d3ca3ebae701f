// RtpPacket: one RTP packet (RFC 3550 §5.1), read in place.
#pragma once

#include <cstdint>
#include <tl/expected.hpp>

#include "capture/defect.h"
#include "capture/frame.h"

namespace koegura::capture {

// A view: payload lives as long as the datagram.
struct RtpPacket {
  Bytes payload;  // without CSRC list and header extension
  std::uint32_t timestamp = 0;
  std::uint32_t ssrc = 0;
  std::uint16_t sequence = 0;
  std::uint8_t payload_type = 0;
  bool marker = false;
  bool padded = false;  // the P bit, and the payload still has its padding
};

inline constexpr std::size_t kRtpHeaderSize = 12;

// The cheap test of a UDP payload: version 2, long enough, and not a packet type of RTCP.
[[nodiscard]] inline bool looks_like_rtp(Bytes datagram) {
  if (datagram.size() < kRtpHeaderSize) return false;
  const auto first = static_cast<std::uint8_t>(datagram[0]);
  const auto second = static_cast<std::uint8_t>(datagram[1]);
  // Marker bit and payload types 64-95 together are RTCP's packet types (RFC 5761 §4).
  return (first >> 6U) == 2 && (second < 192 || second > 223);
}

// True for a compound RTCP packet (RFC 3550 §6.1, A.2): version 2, a known packet type, and
// lengths that add up to the datagram (what SRTCP adds behind them is allowed).
[[nodiscard]] bool looks_like_rtcp(Bytes datagram);

// All but the padding, which the payload still has. SRTP seals it together with the payload (RFC
// 3711 §3.1): how long it is, only the key tells.
[[nodiscard]] tl::expected<RtpPacket, Defect> parse_padded_rtp(Bytes datagram);
// Padding is as long as the packet's last byte says (RFC 3550 §5.1). False, and nothing is taken
// off: it is longer than the payload, or of length zero.
[[nodiscard]] bool take_off_padding(RtpPacket& packet);
// Both. REQUIRES: it is no SRTP.
[[nodiscard]] tl::expected<RtpPacket, Defect> parse_rtp(Bytes datagram);

}  // namespace koegura::capture
