// Path: one direction between two endpoints as frames on the wire: Ethernet, 802.1Q if asked for,
// IPv4 (RFC 791) or IPv6 (RFC 8200), UDP (RFC 768) or TCP (RFC 9293), all checksums right.
//
//   frame_size → payload_of: the caller writes the payload there → seal
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "capture/address.h"
#include "capture/finished_call.h"

namespace koegura::traffic {

// Codepoints of the DS field, shifted into place (RFC 4594 §2.3).
inline constexpr std::uint8_t kTosVoice = 46U << 2U;       // EF
inline constexpr std::uint8_t kTosSignalling = 40U << 2U;  // CS5

struct TcpFields {
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgment = 0;
  std::uint8_t flags = 0;
};

inline constexpr std::uint8_t kTcpSyn = 0x02;
inline constexpr std::uint8_t kTcpPush = 0x08;
inline constexpr std::uint8_t kTcpAck = 0x10;

class Path {
 public:
  enum class Protocol : std::uint8_t { kTcp = 6, kUdp = 17 };
  struct Link {
    capture::Side sender = capture::Side::kCaller;  // whose MAC address sends
    std::uint16_t vlan = 0;                         // 0: no tag
    std::uint8_t tos = 0;
    Protocol protocol = Protocol::kUdp;
  };

  Path(const Link& link, const capture::Endpoint& source, const capture::Endpoint& destination);

  // Ethernet's least of 60 bytes (without FCS) included.
  [[nodiscard]] std::size_t frame_size(std::size_t payload) const;
  [[nodiscard]] std::byte* payload_of(std::byte* frame) const {
    return frame + headers_ + transport_size();
  }
  // Writes everything around the payload. id: IPv4's Identification.
  void seal_udp(std::byte* frame, std::size_t payload, std::uint16_t id) const;
  void seal_tcp(std::byte* frame, std::size_t payload, std::uint16_t id,
                const TcpFields& fields) const;

 private:
  [[nodiscard]] std::size_t transport_size() const {
    return link_.protocol == Protocol::kUdp ? 8 : 20;
  }
  void append_ip(const capture::Endpoint& source, const capture::Endpoint& destination);
  void seal_ip(std::byte* frame, std::size_t payload, std::uint16_t id) const;
  [[nodiscard]] std::uint16_t transport_checksum(const std::byte* transport,
                                                 std::size_t size) const;

  Link link_;
  std::uint16_t source_port_;
  std::uint16_t destination_port_;
  bool ipv6_;
  std::size_t ip_offset_ = 0;
  std::size_t headers_ = 0;  // link and IP headers
  std::array<std::byte, 58> template_{};
  std::uint64_t pseudo_header_ = 0;  // the addresses' and the protocol's sum
};

}  // namespace koegura::traffic
