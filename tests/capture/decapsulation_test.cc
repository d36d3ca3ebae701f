#include "decapsulation_story.h"
#include "tunnel_builder.h"

using namespace koegura;
using namespace koegura::capture;
using namespace koegura::capture::test;

namespace {

Carried mpls(std::initializer_list<unsigned> labels, const Octets& inner) {
  Writer stack;
  std::size_t left = labels.size();
  for (const unsigned label : labels) stack.u32(label << 12U | (--left == 0 ? 0x100U : 0U) | 64U);
  return {0x8847, stack.bytes(inner).octets()};
}

Carried pppoe(const Octets& ppp) {
  return {
      0x8864,
      Writer().u8(0x11).u8(0).u16(1).u16(static_cast<unsigned>(ppp.size())).bytes(ppp).octets()};
}

}  // namespace

TEST_CASE("a plain Ethernet frame carries its packet, padding cut off") {
  DecapsulationStory story;
  Octets padded = ethernet(kHello);
  padded.resize(64);
  CHECK(story.send(padded) == "hello");
  CHECK(story.last_ip == kHello.bytes);
  CHECK(story.send(ethernet(kHello6)) == "hello");
  CHECK(story.last_ip == kHello6.bytes);
}

TEST_CASE("tags and labels are taken off in any order and depth up to the limit") {
  DecapsulationStory story;
  CHECK(story.send(ethernet(vlan(5, kHello))) == "hello");
  CHECK(story.send(ethernet(vlan(7, vlan(5, kHello6), 0x88A8))) == "hello");
  CHECK(story.send(ethernet(vlan(7, vlan(5, kHello), 0x9100))) == "hello");
  CHECK(story.send(ethernet(mpls({16, 17, 18}, kHello.bytes))) == "hello");
  CHECK(story.send(ethernet(vlan(5, mpls({16}, kHello6.bytes)))) == "hello");
  const Octets pseudowire = Writer().u32(0).bytes(ethernet(vlan(5, kHello))).octets();
  CHECK(story.send(ethernet(mpls({16}, pseudowire))) == "hello");
}

TEST_CASE("PPPoE carries IPv4 and IPv6, its protocol field compressed or not") {
  DecapsulationStory story;
  CHECK(story.send(ethernet(pppoe(Writer().u16(0x0021).bytes(kHello.bytes).octets()))) == "hello");
  CHECK(story.send(ethernet(pppoe(Writer().u16(0x0057).bytes(kHello6.bytes).octets()))) == "hello");
  CHECK(story.send(ethernet(pppoe(Writer().u8(0x21).bytes(kHello.bytes).octets()))) == "hello");
  CHECK_FALSE(story.send(ethernet(pppoe(Writer().u16(0xC021).zeros(8).octets()))));  // LCP
  CHECK(story.accounting[Outcome::kNotVoip] == 1);
}

TEST_CASE("LLC with SNAP may carry IP; other LLC is not VoIP") {
  DecapsulationStory story;
  const Octets snap = Writer().u32(0xAAAA0300).u16(0).u16(0x0800).bytes(kHello.bytes).octets();
  CHECK(story.send(ethernet({static_cast<std::uint16_t>(snap.size()), snap})) == "hello");
  CHECK_FALSE(story.send(ethernet({38, Writer().u32(0x42420300).zeros(34).octets()})));  // STP
  CHECK(story.accounting[Outcome::kNotVoip] == 1);
}

TEST_CASE("each link type is taken apart") {
  DecapsulationStory story;
  const Octets sll =
      Writer().u16(0).u16(1).u16(6).zeros(8).u16(0x0800).bytes(kHello.bytes).octets();
  CHECK(story.send(sll, LinkType::kLinuxSll) == "hello");
  const Octets sll2 = Writer().u16(0x86DD).zeros(18).bytes(kHello6.bytes).octets();
  CHECK(story.send(sll2, LinkType::kLinuxSll2) == "hello");
  CHECK(story.send(kHello.bytes, LinkType::kRaw) == "hello");
  CHECK(story.send(kHello6.bytes, LinkType::kRaw) == "hello");
  CHECK(story.send(kHello.bytes, LinkType::kIpv4) == "hello");
  CHECK(story.send(kHello6.bytes, LinkType::kIpv6) == "hello");
  CHECK(story.send(Writer().u32(2).bytes(kHello.bytes).octets(), LinkType::kLoop) == "hello");
  CHECK(story.send(Writer().u32(2).bytes(kHello.bytes).octets(), LinkType::kNull) == "hello");
  for (const std::uint32_t family : {10U, 24U, 28U, 30U}) {
    const Octets null = Writer().u32(family << 24U).bytes(kHello6.bytes).octets();
    CHECK(story.send(null, LinkType::kNull) == "hello");
  }
}

TEST_CASE("an unknown link type is counted, not fatal") {
  DecapsulationStory story;
  CHECK_FALSE(story.send(kHello.bytes, static_cast<LinkType>(105)));
  CHECK(story.defects(Defect::kUnknownLinkType) == 1);
}

TEST_CASE("a frame that carries no IP is not VoIP; ICMP is a packet of its own kind") {
  DecapsulationStory story;
  CHECK_FALSE(story.send(ethernet({0x0806, Octets(28)})));  // ARP
  CHECK(story.accounting[Outcome::kNotVoip] == 1);
  CHECK(story.send(ethernet(in_ip(1, octets("ping")))));
  CHECK(story.last_transport == Transport::kOther);
}

TEST_CASE("a frame cut off anywhere is counted as a defect") {
  const Octets sll = Writer().zeros(14).u16(0x0800).bytes(kHello.bytes).octets();
  const Octets gre = Writer().u16(0x2000).u16(0x0800).u32(42).bytes(kHello.bytes).octets();
  struct Whole {
    Octets bytes;
    LinkType link;
  };
  const std::vector<Whole> wholes = {
      {ethernet(vlan(5, kHello)), LinkType::kEthernet},
      {ethernet(mpls({16, 17}, kHello.bytes)), LinkType::kEthernet},
      {ethernet(pppoe(Writer().u16(0x0021).bytes(kHello.bytes).octets())), LinkType::kEthernet},
      {ethernet(in_ip(47, gre)), LinkType::kEthernet},
      {sll, LinkType::kLinuxSll},
      {Writer().zeros(20).octets(), LinkType::kLinuxSll2},
      {Writer().u32(2).bytes(kHello.bytes).octets(), LinkType::kNull},
  };
  for (const Whole& whole : wholes) {
    for (std::size_t size = 0; size < whole.bytes.size(); ++size) {
      DecapsulationStory story;
      const auto end = whole.bytes.begin() + static_cast<std::ptrdiff_t>(size);
      CHECK_FALSE(story.send(Octets(whole.bytes.begin(), end), whole.link));
      CHECK(story.defects(Defect::kFrameTruncated) + story.defects(Defect::kIpTruncated) == 1);
    }
  }
}
