#include "capture/packet.h"

#include <doctest/doctest.h>

#include "packet_builder.h"

using namespace koegura;
using namespace koegura::capture;
using namespace koegura::capture::test;

namespace {

// The defect of what must not be read.
Defect defect_of(const Octets& datagram) {
  const auto packet = parse_ip(from_unix_ns(0), datagram);
  REQUIRE_FALSE(packet);
  return packet.error();
}

const IpAddress kV4From = IpAddress::v4(0x0A000001);
const IpAddress kV4To = IpAddress::v4(0x0A000002);
const IpAddress kV6From = *IpAddress::parse("2001:db8::1");
const IpAddress kV6To = *IpAddress::parse("2001:db8::2");

// An IPv6 datagram whose payload begins with extension headers.
Octets ipv6_with(std::uint8_t first_header, const Octets& headers_and_payload) {
  IpFields fields;
  fields.protocol = first_header;
  return ipv6(kV6From, kV6To, fields, headers_and_payload).bytes;
}

}  // namespace

TEST_CASE("a UDP datagram over IPv4 gives its endpoints, payload and TTL") {
  IpFields fields;
  fields.ttl = 61;
  const Octets datagram = udp("10.0.0.1:5060", "10.0.0.2:5062", "OPTIONS", fields).bytes;
  const auto packet = parse_ip(from_unix_ns(7), datagram);
  REQUIRE(packet);
  CHECK(packet->time == from_unix_ns(7));
  CHECK(packet->transport == Transport::kUdp);
  CHECK(packet->source == endpoint("10.0.0.1:5060"));
  CHECK(packet->destination == endpoint("10.0.0.2:5062"));
  CHECK(text_of(packet->payload) == "OPTIONS");
  CHECK(packet->ttl == 61);
  CHECK(packet->frames == 1);
}

TEST_CASE("a UDP datagram over IPv6 gives its endpoints and payload") {
  const Octets datagram = udp("[2001:db8::1]:5060", "[2001:db8::2]:5062", "OPTIONS").bytes;
  const auto packet = parse_ip(from_unix_ns(0), datagram);
  REQUIRE(packet);
  CHECK(packet->source == endpoint("[2001:db8::1]:5060"));
  CHECK(packet->destination == endpoint("[2001:db8::2]:5062"));
  CHECK(text_of(packet->payload) == "OPTIONS");
}

TEST_CASE("a TCP segment gives its sequence number and flags, options skipped") {
  Writer segment;
  segment.u16(5060).u16(5062).u32(0xFFFFFFF0).u32(0).u8(0x60).u8(kSyn | kAck).u16(0).u32(0);
  segment.u32(0x01010101).bytes(octets("data"));
  IpFields fields;
  fields.protocol = 6;
  const Octets datagram = ipv4(kV4From, kV4To, fields, segment.octets()).bytes;
  const auto packet = parse_ip(from_unix_ns(0), datagram);
  REQUIRE(packet);
  CHECK(packet->transport == Transport::kTcp);
  CHECK(packet->tcp_sequence == 0xFFFFFFF0);
  CHECK(packet->tcp_flags == (kSyn | kAck));
  CHECK(text_of(packet->payload) == "data");
}

TEST_CASE("another protocol is a packet of its own kind") {
  IpFields fields;
  fields.protocol = 1;
  const Octets datagram = ipv4(kV4From, kV4To, fields, octets("ping")).bytes;
  const auto packet = parse_ip(from_unix_ns(0), datagram);
  REQUIRE(packet);
  CHECK(packet->transport == Transport::kOther);
}

TEST_CASE("IPv4 options are skipped") {
  Octets datagram = udp("10.0.0.1:5060", "10.0.0.2:5060", "hello").bytes;
  const Octets options(4, std::byte{1});
  datagram.insert(datagram.begin() + 20, options.begin(), options.end());
  datagram[0] = std::byte{0x46};
  datagram[3] = static_cast<std::byte>(datagram.size());
  const auto packet = parse_ip(from_unix_ns(0), datagram);
  REQUIRE(packet);
  CHECK(text_of(packet->payload) == "hello");
}

TEST_CASE("what follows the datagram in the frame is cut off") {
  const Octets datagram = udp("10.0.0.1:5060", "10.0.0.2:5060", "hi").bytes;
  Octets padded = datagram;
  padded.resize(46);
  const auto packet = parse_ip(from_unix_ns(0), padded);
  REQUIRE(packet);
  CHECK(packet->ip.size() == datagram.size());
  CHECK(text_of(packet->payload) == "hi");
}

TEST_CASE("a total length of zero, left by segmentation offload, means all there is") {
  Octets datagram = udp("10.0.0.1:5060", "10.0.0.2:5060", "hello").bytes;
  datagram[2] = datagram[3] = std::byte{0};
  const auto packet = parse_ip(from_unix_ns(0), datagram);
  REQUIRE(packet);
  CHECK(text_of(packet->payload) == "hello");
}

TEST_CASE("IPv6 extension headers are walked to the transport") {
  const Octets transport = udp_header_and(5060, 5060, octets("hello"));
  Writer headers;
  headers.u8(43).u8(0).zeros(6);           // hop-by-hop, then routing
  headers.u8(51).u8(1).zeros(14);          // routing of 16 bytes, then authentication
  headers.u8(60).u8(4).zeros(22);          // authentication of 24 bytes, then options
  headers.u8(44).u8(0).zeros(6);           // destination options, then a fragment header
  headers.u8(17).u8(0).u16(0).u32(0xABC);  // an atomic fragment (RFC 6946): whole
  headers.bytes(transport);
  const Octets datagram = ipv6_with(0, headers.octets());
  const auto packet = parse_ip(from_unix_ns(0), datagram);
  REQUIRE(packet);
  CHECK(packet->transport == Transport::kUdp);
  CHECK(text_of(packet->payload) == "hello");
}

TEST_CASE("an IPv6 extension header that runs past the datagram is a defect") {
  CHECK(defect_of(ipv6_with(0, Writer().u8(17).u8(9).zeros(14).octets())) ==
        Defect::kIpv6BadExtension);
  CHECK(defect_of(ipv6_with(60, Writer().u8(17).u8(0).octets())) == Defect::kIpv6BadExtension);
}

TEST_CASE("a chain of extension headers without end is a defect") {
  Writer headers;
  for (int i = 0; i < 100; ++i) headers.u8(60).u8(0).zeros(6);
  CHECK(defect_of(ipv6_with(60, headers.octets())) == Defect::kIpv6BadExtension);
}

TEST_CASE("each impossible header has its own defect") {
  const Octets good = udp("10.0.0.1:5060", "10.0.0.2:5060", "hello").bytes;
  const auto with = [&](std::size_t at, unsigned value) {
    Octets bad = good;
    bad[at] = static_cast<std::byte>(value);
    return bad;
  };
  CHECK(defect_of({}) == Defect::kIpTruncated);
  CHECK(defect_of(with(0, 0x55)) == Defect::kIpBadVersion);
  CHECK(defect_of(with(0, 0x44)) == Defect::kIpBadHeaderLength);
  CHECK(defect_of(with(0, 0x4F)) == Defect::kIpBadHeaderLength);
  CHECK(defect_of(with(3, 19)) == Defect::kIpBadHeaderLength);
  CHECK(defect_of(with(3, 34)) == Defect::kIpTruncated);
  CHECK(defect_of(with(25, 14)) == Defect::kUdpTruncated);
  CHECK(defect_of(with(25, 7)) == Defect::kUdpTruncated);

  Octets segment = tcp("10.0.0.1:5060", "10.0.0.2:5060", 1, "hello").bytes;
  segment[20 + 12] = std::byte{0xF0};
  CHECK(defect_of(segment) == Defect::kTcpTruncated);
  segment[20 + 12] = std::byte{0x40};
  CHECK(defect_of(segment) == Defect::kTcpTruncated);
}

TEST_CASE("a datagram cut off anywhere is a defect, never a packet") {
  for (const Carried& whole : {udp("10.0.0.1:5060", "10.0.0.2:5060", "hello"),
                               udp("[2001:db8::1]:5060", "[2001:db8::2]:5060", "hello")}) {
    for (std::size_t size = 0; size < whole.bytes.size(); ++size) {
      CAPTURE(size);
      const Octets cut(whole.bytes.begin(),
                       whole.bytes.begin() + static_cast<std::ptrdiff_t>(size));
      CHECK(defect_of(cut) == Defect::kIpTruncated);
    }
  }
}
