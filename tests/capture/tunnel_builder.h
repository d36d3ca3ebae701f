// Builds tunnels around what packet_builder.h builds: each is what an Ethernet frame carries, from
// the outer IP header on.
#pragma once

#include "packet_builder.h"

namespace koegura::capture::test {

constexpr std::string_view kTunnelFrom = "192.0.2.1:55555";
constexpr std::string_view kTunnelTo = "192.0.2.2:";  // and the tunnel's port

inline Carried in_ip(std::uint8_t protocol, const Octets& inner,
                     std::string_view from = "192.0.2.1", std::string_view to = "192.0.2.2") {
  IpFields fields;
  fields.protocol = protocol;
  return ip(*IpAddress::parse(from), *IpAddress::parse(to), fields, inner);
}

inline Carried in_udp(std::uint16_t port, const Octets& payload) {
  return udp(kTunnelFrom, std::string(kTunnelTo) + std::to_string(port), Bytes(payload));
}

// GRE as plain as it comes, or with the sequence number that ERSPAN has.
inline Carried gre(unsigned type, const Octets& inner) {
  return in_ip(47, Writer().u16(0).u16(type).bytes(inner).octets());
}
inline Carried gre_with_sequence(unsigned type, const Octets& inner) {
  return in_ip(47, Writer().u16(0x1000).u16(type).u32(7).bytes(inner).octets());
}

inline Carried erspan1(const Octets& frame) {
  return gre(0x88BE, frame);
}

inline Carried erspan2(const Octets& frame) {
  const Writer header = Writer().u16(0x1000U | 5U).u16(0x1800U | 42U).u32(3);
  return gre_with_sequence(0x88BE, Writer(header).bytes(frame).octets());
}

constexpr unsigned kErspanEthernet = 0;
constexpr unsigned kErspanIp = 2;

inline Carried erspan3(const Octets& inner, unsigned frame_type = kErspanEthernet,
                       bool platform_subheader = false) {
  Writer header;
  header.u16(0x2000U | 5U).u16(42).u32(1'000'000).u16(0);
  header.u16(frame_type << 10U | (platform_subheader ? 1U : 0U));
  if (platform_subheader) header.u32(0x14000000).u32(1'700'000'000);
  return gre_with_sequence(0x22EB, header.bytes(inner).octets());
}

// The payloads of UDP tunnels by themselves, so that tests can damage them.
inline Octets vxlan(const Octets& frame) {
  return Writer().u32(0x08000000).u32(0x123456U << 8U).bytes(frame).octets();
}

constexpr unsigned kGeneveEthernet = 0x6558;

// `options` is a multiple of 4 long.
inline Octets geneve(unsigned type, const Octets& inner, const Octets& options = {}) {
  Writer out;
  out.u8(static_cast<unsigned>(options.size() / 4)).u8(0).u16(type).u32(0x123456U << 8U);
  return out.bytes(options).bytes(inner).octets();
}

// `behind` is what the flags announce, with the user's datagram behind it.
inline Octets gtp_u(unsigned flags, const Octets& behind) {
  Writer out;
  out.u8(0x30U | flags).u8(255).u16(static_cast<unsigned>(behind.size())).u32(0xCAFE);
  return out.bytes(behind).octets();
}

inline Octets tzsp(unsigned protocol, const Octets& tags, const Octets& frame) {
  return Writer().u8(1).u8(0).u16(protocol).bytes(tags).bytes(frame).octets();
}

constexpr std::uint16_t kGtpUPort = 2152;
constexpr std::uint16_t kVxlanPort = 4789;
constexpr std::uint16_t kGenevePort = 6081;
constexpr std::uint16_t kLinuxVxlanPort = 8472;
constexpr std::uint16_t kTzspPort = 37008;
constexpr std::uint16_t kTunnelPorts[] = {kGtpUPort, kVxlanPort, kGenevePort, kLinuxVxlanPort,
                                          kTzspPort};

}  // namespace koegura::capture::test
