// Builds frames for the tests of capture, from the inside out, so that a test reads as the story
// of its packet:
//
//   ethernet(vlan(5, udp("10.0.0.1:5060", "10.0.0.2:5060", "OPTIONS sip:a SIP/2.0\r\n\r\n")))
//
// IPv4 header checksums are right; UDP and TCP checksums are zero (nothing of ours reads them).
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "capture/address.h"
#include "capture/frame.h"

namespace koegura::capture::test {

using Octets = std::vector<std::byte>;

inline Octets octets(std::string_view text) {
  Octets out(text.size());
  if (!text.empty()) std::memcpy(out.data(), text.data(), text.size());
  return out;
}

inline std::string text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Appends fields in network order.
class Writer {
 public:
  Writer& u8(unsigned value) {
    out_.push_back(static_cast<std::byte>(value));
    return *this;
  }
  Writer& u16(unsigned value) { return u8(value >> 8U & 0xFFU).u8(value & 0xFFU); }
  Writer& u32(std::uint32_t value) { return u16(value >> 16U).u16(value & 0xFFFFU); }
  Writer& zeros(std::size_t count) {
    out_.resize(out_.size() + count);
    return *this;
  }
  Writer& bytes(Bytes bytes) {
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  [[nodiscard]] const Octets& octets() const { return out_; }

 private:
  Octets out_;
};

// "192.0.2.1:5060" or "[2001:db8::1]:5060".
inline Endpoint endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  assert(colon != std::string_view::npos);
  const auto address = IpAddress::parse(text.substr(0, colon));
  assert(address);
  const unsigned long port = std::stoul(std::string(text.substr(colon + 1)));
  return {*address, static_cast<std::uint16_t>(port)};
}

// What a link layer carries: an IP datagram, or a tag around one.
struct Carried {
  std::uint16_t ether_type = 0;
  Octets bytes;
};

constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
constexpr std::uint16_t kEtherTypeIpv6 = 0x86DD;

// The fields of an IP header that tests vary.
struct IpFields {
  std::uint8_t protocol = 17;
  std::uint8_t ttl = 64;
  std::uint32_t id = 0;
  std::size_t fragment_offset = 0;  // bytes
  bool more_fragments = false;
};

inline std::uint16_t internet_checksum(Bytes bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto value = std::to_integer<std::uint32_t>(bytes[i]);
    sum += i % 2 == 0 ? value << 8U : value;
  }
  while (sum > 0xFFFF) sum = (sum & 0xFFFFU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

inline Carried ipv4(const IpAddress& source, const IpAddress& destination, const IpFields& fields,
                    Bytes payload) {
  Writer header;
  header.u8(0x45).u8(0).u16(static_cast<unsigned>(20 + payload.size())).u16(fields.id & 0xFFFFU);
  header.u16(static_cast<unsigned>(fields.fragment_offset / 8) |
             (fields.more_fragments ? 0x2000U : 0U));
  header.u8(fields.ttl).u8(fields.protocol).u16(0);
  header.bytes(std::as_bytes(std::span(source.bytes)).subspan(12));
  header.bytes(std::as_bytes(std::span(destination.bytes)).subspan(12));
  Octets datagram = header.octets();
  const std::uint16_t checksum = internet_checksum(datagram);
  datagram[10] = static_cast<std::byte>(checksum >> 8U);
  datagram[11] = static_cast<std::byte>(checksum);
  datagram.insert(datagram.end(), payload.begin(), payload.end());
  return {kEtherTypeIpv4, datagram};
}

// A fragment header (RFC 8200 §4.5) is there if the fields make it a fragment.
inline Carried ipv6(const IpAddress& source, const IpAddress& destination, const IpFields& fields,
                    Bytes payload) {
  constexpr unsigned kFragmentHeader = 44;
  const bool fragment = fields.fragment_offset != 0 || fields.more_fragments;
  Writer datagram;
  datagram.u32(0x60000000).u16(static_cast<unsigned>(payload.size() + (fragment ? 8 : 0)));
  datagram.u8(fragment ? kFragmentHeader : fields.protocol).u8(fields.ttl);
  datagram.bytes(std::as_bytes(std::span(source.bytes)));
  datagram.bytes(std::as_bytes(std::span(destination.bytes)));
  if (fragment) {
    datagram.u8(fields.protocol).u8(0);
    datagram.u16(static_cast<unsigned>(fields.fragment_offset) | (fields.more_fragments ? 1U : 0U));
    datagram.u32(fields.id);
  }
  datagram.bytes(payload);
  return {kEtherTypeIpv6, datagram.octets()};
}

// IPv4 or IPv6, as the addresses say.
inline Carried ip(const IpAddress& source, const IpAddress& destination, const IpFields& fields,
                  Bytes payload) {
  return source.is_v4() ? ipv4(source, destination, fields, payload)
                        : ipv6(source, destination, fields, payload);
}

inline Octets udp_header_and(std::uint16_t source, std::uint16_t destination, Bytes payload) {
  Writer out;
  out.u16(source).u16(destination).u16(static_cast<unsigned>(8 + payload.size())).u16(0);
  return out.bytes(payload).octets();
}

inline Carried udp(std::string_view source, std::string_view destination, Bytes payload,
                   IpFields fields = {}) {
  const Endpoint from = endpoint(source);
  const Endpoint to = endpoint(destination);
  return ip(from.address, to.address, fields, udp_header_and(from.port, to.port, payload));
}

inline Carried udp(std::string_view source, std::string_view destination, std::string_view payload,
                   IpFields fields = {}) {
  return udp(source, destination, Bytes(octets(payload)), fields);
}

constexpr std::uint8_t kFin = 0x01;
constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint8_t kRst = 0x04;
constexpr std::uint8_t kAck = 0x10;

inline Carried tcp(std::string_view source, std::string_view destination, std::uint32_t sequence,
                   std::string_view payload, std::uint8_t flags = kAck) {
  const Endpoint from = endpoint(source);
  const Endpoint to = endpoint(destination);
  Writer segment;
  segment.u16(from.port).u16(to.port).u32(sequence).u32(0);
  segment.u8(0x50).u8(flags).u16(0xFFFF).u32(0);
  segment.bytes(octets(payload));
  IpFields fields;
  fields.protocol = 6;
  return ip(from.address, to.address, fields, segment.octets());
}

// The pieces a router would make of a datagram's payload; `size` is a multiple of 8.
inline std::vector<Carried> fragments(std::string_view source, std::string_view destination,
                                      std::string_view payload, std::size_t size,
                                      std::uint32_t id) {
  const Endpoint from = endpoint(source);
  const Endpoint to = endpoint(destination);
  const Octets whole = udp_header_and(from.port, to.port, octets(payload));
  std::vector<Carried> pieces;
  for (std::size_t offset = 0; offset < whole.size(); offset += size) {
    const bool more = offset + size < whole.size();
    IpFields fields;
    fields.id = id;
    fields.fragment_offset = offset;
    fields.more_fragments = more;
    const Bytes piece = Bytes(whole).subspan(offset, more ? size : whole.size() - offset);
    pieces.push_back(ip(from.address, to.address, fields, piece));
  }
  return pieces;
}

inline Carried vlan(unsigned id, const Carried& inner, std::uint16_t tag_type = 0x8100) {
  return {tag_type, Writer().u16(id).u16(inner.ether_type).bytes(inner.bytes).octets()};
}

inline Octets ethernet(const Carried& inner) {
  Writer frame;
  frame.u32(0x02000000).u16(0x0002).u32(0x02000000).u16(0x0001).u16(inner.ether_type);
  return frame.bytes(inner.bytes).octets();
}

// REQUIRES: bytes outlives the frame.
inline Frame frame(const Octets& bytes, LinkType link = LinkType::kEthernet,
                   Timestamp time = from_unix_ns(0)) {
  return {time, bytes, static_cast<std::uint32_t>(bytes.size()), link, 0};
}

}  // namespace koegura::capture::test
