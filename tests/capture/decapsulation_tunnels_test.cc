#include <random>

#include "capture/rtp.h"
#include "capture/sip_message.h"
#include "decapsulation_story.h"
#include "tunnel_builder.h"

using namespace koegura;
using namespace koegura::capture;
using namespace koegura::capture::test;

namespace {

struct Tunnel {
  std::string name;
  Carried carried;
};

// One of each kind, every optional field of theirs somewhere, "hello" within.
std::vector<Tunnel> every_tunnel() {
  const Octets frame = ethernet(vlan(5, kHello));
  const Octets option = Writer().u16(0x0102).u8(1).u8(1).u32(0).octets();  // a class, type, 4 bytes
  const Octets sequence = Writer().u16(9).u8(0).u8(0).octets();
  const Octets extensions = Writer()
                                .bytes(Writer().u16(9).u8(0).u8(0x85).octets())
                                .bytes(Writer().u8(1).u16(0x0009).u8(0xC0).octets())
                                .bytes(Writer().u8(2).zeros(6).u8(0).octets())
                                .octets();
  const auto followed_by = [](const Octets& header, const Octets& inner) {
    return Writer().bytes(header).bytes(inner).octets();
  };
  const Octets signal = Writer().u8(0).u8(10).u8(1).u8(0x80).u8(1).octets();  // padding, RSSI, END
  return {
      {"ERSPAN I", erspan1(frame)},
      {"ERSPAN II", erspan2(frame)},
      {"ERSPAN III", erspan3(frame)},
      {"ERSPAN III with a platform subheader", erspan3(frame, kErspanEthernet, true)},
      {"ERSPAN III of IP", erspan3(kHello.bytes, kErspanIp)},
      {"VXLAN", in_udp(kVxlanPort, vxlan(frame))},
      {"VXLAN at Linux's port", in_udp(kLinuxVxlanPort, vxlan(frame))},
      {"GENEVE", in_udp(kGenevePort, geneve(kGeneveEthernet, frame))},
      {"GENEVE with an option", in_udp(kGenevePort, geneve(kGeneveEthernet, frame, option))},
      {"GENEVE of IPv4", in_udp(kGenevePort, geneve(kEtherTypeIpv4, kHello.bytes, option))},
      {"GENEVE of IPv6", in_udp(kGenevePort, geneve(kEtherTypeIpv6, kHello6.bytes))},
      {"GTP-U", in_udp(kGtpUPort, gtp_u(0, kHello.bytes))},
      {"GTP-U with a number", in_udp(kGtpUPort, gtp_u(2, followed_by(sequence, kHello6.bytes)))},
      {"GTP-U with extensions", in_udp(kGtpUPort, gtp_u(4, followed_by(extensions, kHello.bytes)))},
      {"TZSP", in_udp(kTzspPort, tzsp(1, Writer().u8(1).octets(), frame))},
      {"TZSP with tags", in_udp(kTzspPort, tzsp(1, signal, frame))},
  };
}

// What comes out of a UDP payload sent to a tunnel's port.
std::optional<std::string> sent_to(std::uint16_t port, const Octets& payload) {
  DecapsulationStory story;
  auto got = story.send(ethernet(in_udp(port, payload)));
  CHECK(story.stats().tunnelled == (got && *got != text_of(payload) ? 1 : 0));
  return got;
}

// True if the port means nothing for this payload: it comes through as it is.
bool is_plain_udp(std::uint16_t port, const Octets& payload) {
  return sent_to(port, payload) == text_of(payload);
}

Octets with_byte(Octets bytes, std::size_t at, unsigned value) {
  bytes.at(at) = static_cast<std::byte>(value);
  return bytes;
}

Octets prefix(const Octets& bytes, std::size_t size) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
}

}  // namespace

TEST_CASE("IP in IP and GRE are followed to the inner datagram") {
  DecapsulationStory story;
  CHECK(story.send(ethernet(in_ip(4, kHello.bytes))) == "hello");
  CHECK(story.last_ip == kHello.bytes);
  CHECK(story.send(ethernet(in_ip(41, kHello6.bytes))) == "hello");
  CHECK(story.send(ethernet(in_ip(4, kHello.bytes, "2001:db8::a", "2001:db8::b"))) == "hello");
  const Octets plain_gre = Writer().u16(0).u16(0x0800).bytes(kHello.bytes).octets();
  CHECK(story.send(ethernet(in_ip(47, plain_gre))) == "hello");
  const Octets full_gre =
      Writer().u16(0xB000).u16(0x86DD).u32(0).u32(42).u32(7).bytes(kHello6.bytes).octets();
  CHECK(story.send(ethernet(in_ip(47, full_gre))) == "hello");
  const Octets bridge =
      Writer().u16(0x2000).u16(0x6558).u32(42).bytes(ethernet(vlan(5, kHello))).octets();
  CHECK(story.send(ethernet(in_ip(47, bridge))) == "hello");
  CHECK_FALSE(story.send(ethernet(in_ip(47, Writer().u16(0x3001).u16(0x880B).zeros(8).octets()))));
  CHECK(story.accounting[Outcome::kNotVoip] == 1);  // PPTP
}

TEST_CASE("deeper than the fixed depth is a defect") {
  DecapsulationStory story;
  Carried deep = kHello;
  for (int i = 0; i < 20; ++i) deep = in_ip(4, deep.bytes);
  CHECK_FALSE(story.send(ethernet(deep)));
  CHECK(story.defects(Defect::kTooDeep) == 1);
}

TEST_CASE("every tunnel is followed to the inner datagram, which is all that is kept") {
  for (const Tunnel& tunnel : every_tunnel()) {
    INFO(tunnel.name);
    DecapsulationStory story;
    CHECK(story.send(ethernet(tunnel.carried)) == "hello");
    CHECK((story.last_ip == kHello.bytes || story.last_ip == kHello6.bytes));
    CHECK(story.stats().tunnelled == 1);
  }
}

TEST_CASE("tunnels lie in tunnels, in IPv6, under tags, up to the limit; deeper is counted") {
  DecapsulationStory story;
  const Carried inner = erspan2(ethernet(vlan(5, kHello)));
  const Octets payload = vxlan(ethernet(inner));
  CHECK(story.send(ethernet(vlan(7, in_udp(kVxlanPort, payload), 0x88A8))) == "hello");
  CHECK(story.send(ethernet(udp("[2001:db8::a]:1", "[2001:db8::b]:4789", Bytes(payload)))) ==
        "hello");
  Carried deep = kHello;
  for (int i = 0; i < 20; ++i) deep = in_udp(kVxlanPort, vxlan(ethernet(deep)));
  CHECK_FALSE(story.send(ethernet(deep)));
  CHECK(story.defects(Defect::kTooDeep) == 1);
}

TEST_CASE("a tunnel whose outer datagram is fragmented is followed in any order") {
  const std::string text(1000, 'x');
  const Octets payload = vxlan(ethernet(udp(kFrom, kTo, text)));
  std::vector<Carried> pieces =
      fragments("192.0.2.1:55555", "192.0.2.2:4789", text_of(payload), 400, 7);
  REQUIRE(pieces.size() == 3);
  DecapsulationStory story;
  CHECK_FALSE(story.send(ethernet(pieces[2])));
  CHECK_FALSE(story.send(ethernet(pieces[0])));
  CHECK(story.waiting() == 2);
  CHECK(story.send(ethernet(pieces[1])) == text);
  CHECK(story.last_frames == 3);
  CHECK(story.last_ip == udp(kFrom, kTo, text).bytes);
  CHECK(story.stats().tunnelled == 1);
}

TEST_CASE("what a tunnel carries besides IP is not VoIP") {
  const Octets arp = ethernet({0x0806, Octets(28)});
  const Octets end = Writer().u8(1).octets();
  const auto is_not_voip = [](const Carried& carried) {
    DecapsulationStory story;
    const bool packet = story.send(ethernet(carried)).has_value();
    CHECK(story.stats().tunnelled == 0);
    return !packet && story.accounting[Outcome::kNotVoip] == 1;
  };
  CHECK(is_not_voip(erspan1(arp)));
  CHECK(is_not_voip(erspan2(arp)));
  CHECK(is_not_voip(erspan3(arp)));
  CHECK(is_not_voip(erspan3(ethernet(kHello), 1)));           // a frame type that is neither
  CHECK(is_not_voip(gre_with_sequence(0x88BE, Octets(60))));  // no version of ERSPAN
  CHECK(is_not_voip(in_udp(kVxlanPort, vxlan(arp))));
  CHECK(is_not_voip(in_udp(kGenevePort, geneve(kGeneveEthernet, arp))));
  CHECK(is_not_voip(in_udp(kTzspPort, tzsp(1, end, arp))));
  for (const unsigned wlan : {18U, 119U, 127U}) {
    CHECK(is_not_voip(in_udp(kTzspPort, tzsp(wlan, end, ethernet(kHello)))));
  }
}

TEST_CASE("a tunnel cut off anywhere is counted as a defect") {
  for (const Tunnel& tunnel : every_tunnel()) {
    INFO(tunnel.name);
    const Octets whole = ethernet(tunnel.carried);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      DecapsulationStory story;
      CHECK_FALSE(story.send(prefix(whole, size)));
      CHECK(story.defects(Defect::kFrameTruncated) + story.defects(Defect::kIpTruncated) == 1);
    }
  }
}

// A sender that cuts what it mirrors: the outer lengths agree with what is there.
TEST_CASE("a tunnel that carries a part of a frame gives no packet of it") {
  for (const Tunnel& tunnel : every_tunnel()) {
    INFO(tunnel.name);
    const bool is_udp = tunnel.carried.bytes[9] == std::byte{17};
    const std::size_t header_size = is_udp ? 28 : 20;
    const Octets behind(tunnel.carried.bytes.begin() + static_cast<std::ptrdiff_t>(header_size),
                        tunnel.carried.bytes.end());
    for (std::size_t size = 0; size < behind.size(); ++size) {
      const Octets part = prefix(behind, size);
      const unsigned port = std::to_integer<unsigned>(tunnel.carried.bytes[22]) << 8U |
                            std::to_integer<unsigned>(tunnel.carried.bytes[23]);
      DecapsulationStory story;
      const auto got = story.send(
          ethernet(is_udp ? in_udp(static_cast<std::uint16_t>(port), part) : in_ip(47, part)));
      // Nothing, or before the tunnel's own header is whole, a UDP datagram like any other.
      CHECK((!got || (is_udp && *got == text_of(part))));
      CHECK(story.stats().tunnelled == 0);
    }
  }
}

TEST_CASE("a call's audio to a tunnel's port comes through, whatever is in it") {
  std::mt19937 random(20261121);
  for (const std::uint16_t port : kTunnelPorts) {
    for (int i = 0; i < 20'000; ++i) {
      Octets rtp(12 + random() % 64);
      for (std::byte& byte : rtp) byte = static_cast<std::byte>(random());
      rtp[0] = static_cast<std::byte>(0x80U | (random() & 0x3FU));
      REQUIRE(is_plain_udp(port, rtp));
    }
    // The closest RTP can come: the tunnel's header but for RTP's version.
    for (const Tunnel& tunnel : every_tunnel()) {
      Octets payload(tunnel.carried.bytes.begin() + 28, tunnel.carried.bytes.end());
      payload[0] = (payload[0] & std::byte{0x3F}) | std::byte{0x80};
      CHECK(looks_like_rtp(with_byte(payload, 1, 8)));
      CHECK(is_plain_udp(port, payload));
    }
    // Two-way on one port: the source is the tunnel's too.
    DecapsulationStory story;
    const Octets rtp = Writer().u16(0x8008).u16(1).u32(160).u32(0xCAFE).zeros(160).octets();
    const std::string at = ":" + std::to_string(port);
    CHECK(story.send(ethernet(udp("10.0.0.1" + at, "10.0.0.2" + at, Bytes(rtp)))) == text_of(rtp));
    CHECK(looks_like_rtp(rtp));
    CHECK(story.stats().tunnelled == 0);
  }
}

TEST_CASE("SIP, STUN and fax to a tunnel's port come through") {
  for (const std::uint16_t port : kTunnelPorts) {
    for (const std::string_view start : {"INVITE sip:a SIP/2.0\r\n", "SIP/2.0 200 OK\r\n",
                                         "\r\n\r\n", "\r\n\r\nOPTIONS sip:a SIP/2.0\r\n"}) {
      CHECK(is_plain_udp(port, octets(start)));
    }
    for (unsigned first = 'A'; first <= 'z'; ++first) {  // a method may be any word
      const Octets word(100, static_cast<std::byte>(first));
      CHECK(is_plain_udp(port, word));
    }
    for (unsigned type = 0; type < 0x4000; ++type) {  // RFC 8489 §5
      const Octets stun = Writer().u16(type).u16(8).u32(0x2112A442).zeros(20).octets();
      REQUIRE(is_plain_udp(port, stun));
    }
    for (unsigned i = 0; i < 0x400; ++i) {  // UDPTL, T.38 §9.1: its sequence numbers come by all
      const unsigned sequence = i << 6U | (i & 1U);
      const Octets indicator = Writer().u16(sequence).u8(1).u8(6).u8(0).u8(1).u8(1).u8(6).octets();
      REQUIRE(is_plain_udp(port, indicator));
      Writer data;
      data.u16(sequence).u8(8).u8(0xC0).u32(0x01800004).u8(0xFF).zeros(9);
      REQUIRE(is_plain_udp(port, data.octets()));
    }
  }
}

TEST_CASE("a source port makes no tunnel") {
  DecapsulationStory story;
  const Octets payload = vxlan(ethernet(kHello));
  CHECK(story.send(ethernet(udp("10.0.0.1:4789", "10.0.0.2:9999", Bytes(payload)))) ==
        text_of(payload));
}

TEST_CASE("VXLAN with any other flag or reserved bit is plain UDP") {
  const Octets good = vxlan(ethernet(kHello));
  REQUIRE(sent_to(kVxlanPort, good) == "hello");
  for (std::size_t bit = 0; bit < 32; ++bit) {
    const unsigned byte = std::to_integer<unsigned>(good[bit / 8]) ^ 1U << bit % 8;
    CHECK(is_plain_udp(kVxlanPort, with_byte(good, bit / 8, byte)));
  }
  CHECK(is_plain_udp(kVxlanPort, with_byte(good, 7, 1)));
}

TEST_CASE("GENEVE of another version, with reserved bits or lengths that lie is plain UDP") {
  const Octets good = geneve(kEtherTypeIpv4, kHello.bytes);
  REQUIRE(sent_to(kGenevePort, good) == "hello");
  CHECK(sent_to(kGenevePort, with_byte(good, 1, 0xC0)) == "hello");  // control and critical: legal
  CHECK(is_plain_udp(kGenevePort, with_byte(good, 0, 0x40)));
  for (std::size_t words = 0; words < 64; ++words) {
    if (8 + words * 4 <= good.size()) continue;
    CHECK(is_plain_udp(kGenevePort, with_byte(good, 0, static_cast<unsigned>(words))));
  }
  CHECK(is_plain_udp(kGenevePort, with_byte(good, 1, 1)));
  CHECK(is_plain_udp(kGenevePort, with_byte(good, 7, 1)));
  CHECK(is_plain_udp(kGenevePort, with_byte(good, 3, 6)));  // EtherType 0x0806
  CHECK(is_plain_udp(kGenevePort, geneve(kEtherTypeIpv6, kHello.bytes)));
  CHECK(is_plain_udp(kGenevePort, geneve(kEtherTypeIpv4, {})));
}

TEST_CASE("GTP-U that is no G-PDU, or whose lengths lie, is plain UDP") {
  const Octets good = gtp_u(0, kHello.bytes);
  REQUIRE(sent_to(kGtpUPort, good) == "hello");
  CHECK(is_plain_udp(kGtpUPort, with_byte(good, 0, 0x50)));  // version 2
  CHECK(is_plain_udp(kGtpUPort, with_byte(good, 0, 0x20)));  // GTP'
  CHECK(is_plain_udp(kGtpUPort, with_byte(good, 0, 0x38)));  // the spare bit
  CHECK(is_plain_udp(kGtpUPort, with_byte(good, 1, 1)));     // an echo request
  CHECK(is_plain_udp(kGtpUPort, with_byte(good, 3, 1)));
  CHECK(is_plain_udp(kGtpUPort, gtp_u(0, {})));
  CHECK(is_plain_udp(kGtpUPort, gtp_u(0, Octets(40))));
  for (std::size_t size = 0; size < 4; ++size)
    CHECK(is_plain_udp(kGtpUPort, gtp_u(1, Octets(size))));

  // The extension that follows has this length, in units of 4 bytes.
  const auto with_extension = [](unsigned length) {
    Writer behind;
    behind.u16(0).u8(0).u8(0x85).u8(length).u16(0).u8(0).bytes(kHello.bytes);
    return gtp_u(4, behind.octets());
  };
  CHECK(sent_to(kGtpUPort, with_extension(1)) == "hello");
  CHECK(is_plain_udp(kGtpUPort, with_extension(0)));
  for (unsigned length = 10; length < 256; ++length) {  // 33 bytes are there, and the 4 of length 1
    CHECK(is_plain_udp(kGtpUPort, with_extension(length)));
  }
  Writer endless;
  endless.u16(0).u8(0).u8(0x85);
  for (int i = 0; i < 100; ++i) endless.u8(1).u16(0).u8(0x85);
  CHECK(is_plain_udp(kGtpUPort, gtp_u(4, endless.octets())));
}

TEST_CASE("TZSP of another version or kind, or without an end of its tags, is plain UDP") {
  const Octets good = tzsp(1, Writer().u8(1).octets(), ethernet(kHello));
  REQUIRE(sent_to(kTzspPort, good) == "hello");
  CHECK(sent_to(kTzspPort, with_byte(good, 1, 1)) == "hello");  // a frame to send
  CHECK(is_plain_udp(kTzspPort, with_byte(good, 0, 2)));
  CHECK(is_plain_udp(kTzspPort, with_byte(good, 1, 4)));  // keep-alive
  CHECK(is_plain_udp(kTzspPort, with_byte(good, 3, 2)));  // token ring
  CHECK(is_plain_udp(kTzspPort, tzsp(1, {}, {})));
  CHECK(is_plain_udp(kTzspPort, tzsp(1, Octets(50), {})));  // padding only
  CHECK(is_plain_udp(kTzspPort, tzsp(1, Writer().u8(10).octets(), {})));
  CHECK(is_plain_udp(kTzspPort, tzsp(1, Writer().u8(10).u8(9).u8(1).octets(), {})));
}

TEST_CASE("tagged frames and tunnelled packets are told, each once") {
  DecapsulationStory story;
  story.send(ethernet(kHello));
  CHECK(story.stats().vlan_tagged == 0);
  story.send(ethernet(vlan(5, kHello)));
  story.send(ethernet(vlan(7, vlan(5, kHello), 0x88A8)));  // one frame, two tags
  story.send(ethernet(vlan(5, {0x0806, Octets(28)})));     // ARP is tagged too
  story.send(prefix(ethernet(vlan(5, kHello)), 30));       // and so is damage
  CHECK(story.stats().vlan_tagged == 4);
  CHECK(story.stats().tunnelled == 0);
  story.send(ethernet(erspan2(ethernet(vlan(5, kHello)))));  // the tag of what was mirrored
  CHECK(story.stats().vlan_tagged == 5);
  CHECK(story.stats().tunnelled == 1);
  story.send(ethernet(in_ip(4, in_ip(4, kHello.bytes).bytes)));
  CHECK(story.stats().vlan_tagged == 5);
  CHECK(story.stats().tunnelled == 2);
}
