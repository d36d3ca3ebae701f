#include "capture/decapsulation.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>

#include "packet_builder.h"

using namespace koegura;
using namespace koegura::capture;
using namespace koegura::capture::test;

namespace {

constexpr std::string_view kFrom = "10.0.0.1:5060";
constexpr std::string_view kTo = "10.0.0.2:5062";

// Frames go in; packets and the accounting come out.
class Bench {
 public:
  explicit Bench(const DecapsulationOptions& options = {})
      : decapsulation_(Decapsulation::create(options, accounting)) {}

  // The payload of the packet that the frame completed, if it did.
  std::optional<std::string> send(const Octets& bytes, LinkType link = LinkType::kEthernet) {
    ++accounting.received;
    Packet packet;
    if (!decapsulation_->on_frame(frame(bytes, link, now), packet)) return std::nullopt;
    in_packets += packet.frames;
    last_ip = {packet.ip.begin(), packet.ip.end()};
    last_frames = packet.frames;
    last_transport = packet.transport;
    return text_of(packet.payload);
  }
  void after(Duration time) {
    now += time;
    decapsulation_->advance(now);
  }
  void finish() { decapsulation_->finish(); }

  // What the accounting promises: each frame is counted, in a packet, or waiting.
  [[nodiscard]] std::uint64_t waiting() const { return accounting.pending() - in_packets; }
  [[nodiscard]] std::uint64_t defects(Defect defect) const {
    return accounting.malformed[static_cast<std::size_t>(defect)];
  }

  Accounting accounting;
  Timestamp now = from_unix_ns(0);
  std::uint64_t in_packets = 0;
  Octets last_ip;
  unsigned last_frames = 0;
  Transport last_transport = Transport::kOther;

 private:
  std::unique_ptr<Decapsulation> decapsulation_;
};

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

Carried in_ip(std::uint8_t protocol, const Octets& inner, std::string_view from = "192.0.2.1",
              std::string_view to = "192.0.2.2") {
  IpFields fields;
  fields.protocol = protocol;
  return ip(*IpAddress::parse(from), *IpAddress::parse(to), fields, inner);
}

const Carried kHello = udp(kFrom, kTo, "hello");
const Carried kHello6 = udp("[2001:db8::1]:5060", "[2001:db8::2]:5062", "hello");

}  // namespace

TEST_CASE("a plain Ethernet frame carries its packet, padding cut off") {
  Bench bench;
  Octets padded = ethernet(kHello);
  padded.resize(64);
  CHECK(bench.send(padded) == "hello");
  CHECK(bench.last_ip == kHello.bytes);
  CHECK(bench.send(ethernet(kHello6)) == "hello");
  CHECK(bench.last_ip == kHello6.bytes);
}

TEST_CASE("tags and labels are taken off in any order and depth up to the limit") {
  Bench bench;
  CHECK(bench.send(ethernet(vlan(5, kHello))) == "hello");
  CHECK(bench.send(ethernet(vlan(7, vlan(5, kHello6), 0x88A8))) == "hello");
  CHECK(bench.send(ethernet(vlan(7, vlan(5, kHello), 0x9100))) == "hello");
  CHECK(bench.send(ethernet(mpls({16, 17, 18}, kHello.bytes))) == "hello");
  CHECK(bench.send(ethernet(vlan(5, mpls({16}, kHello6.bytes)))) == "hello");
  const Octets pseudowire = Writer().u32(0).bytes(ethernet(vlan(5, kHello))).octets();
  CHECK(bench.send(ethernet(mpls({16}, pseudowire))) == "hello");
}

TEST_CASE("PPPoE carries IPv4 and IPv6, its protocol field compressed or not") {
  Bench bench;
  CHECK(bench.send(ethernet(pppoe(Writer().u16(0x0021).bytes(kHello.bytes).octets()))) == "hello");
  CHECK(bench.send(ethernet(pppoe(Writer().u16(0x0057).bytes(kHello6.bytes).octets()))) == "hello");
  CHECK(bench.send(ethernet(pppoe(Writer().u8(0x21).bytes(kHello.bytes).octets()))) == "hello");
  CHECK_FALSE(bench.send(ethernet(pppoe(Writer().u16(0xC021).zeros(8).octets()))));  // LCP
  CHECK(bench.accounting[Outcome::kNotVoip] == 1);
}

TEST_CASE("LLC with SNAP may carry IP; other LLC is not VoIP") {
  Bench bench;
  const Octets snap = Writer().u32(0xAAAA0300).u16(0).u16(0x0800).bytes(kHello.bytes).octets();
  CHECK(bench.send(ethernet({static_cast<std::uint16_t>(snap.size()), snap})) == "hello");
  CHECK_FALSE(bench.send(ethernet({38, Writer().u32(0x42420300).zeros(34).octets()})));  // STP
  CHECK(bench.accounting[Outcome::kNotVoip] == 1);
}

TEST_CASE("each link type is taken apart") {
  Bench bench;
  const Octets sll =
      Writer().u16(0).u16(1).u16(6).zeros(8).u16(0x0800).bytes(kHello.bytes).octets();
  CHECK(bench.send(sll, LinkType::kLinuxSll) == "hello");
  const Octets sll2 = Writer().u16(0x86DD).zeros(18).bytes(kHello6.bytes).octets();
  CHECK(bench.send(sll2, LinkType::kLinuxSll2) == "hello");
  CHECK(bench.send(kHello.bytes, LinkType::kRaw) == "hello");
  CHECK(bench.send(kHello6.bytes, LinkType::kRaw) == "hello");
  CHECK(bench.send(kHello.bytes, LinkType::kIpv4) == "hello");
  CHECK(bench.send(kHello6.bytes, LinkType::kIpv6) == "hello");
  CHECK(bench.send(Writer().u32(2).bytes(kHello.bytes).octets(), LinkType::kLoop) == "hello");
  CHECK(bench.send(Writer().u32(2).bytes(kHello.bytes).octets(), LinkType::kNull) == "hello");
  for (const std::uint32_t family : {10U, 24U, 28U, 30U}) {
    const Octets null = Writer().u32(family << 24U).bytes(kHello6.bytes).octets();
    CHECK(bench.send(null, LinkType::kNull) == "hello");
  }
}

TEST_CASE("an unknown link type is counted, not fatal") {
  Bench bench;
  CHECK_FALSE(bench.send(kHello.bytes, static_cast<LinkType>(105)));
  CHECK(bench.defects(Defect::kUnknownLinkType) == 1);
}

TEST_CASE("IP in IP and GRE are followed to the inner datagram") {
  Bench bench;
  CHECK(bench.send(ethernet(in_ip(4, kHello.bytes))) == "hello");
  CHECK(bench.last_ip == kHello.bytes);
  CHECK(bench.send(ethernet(in_ip(41, kHello6.bytes))) == "hello");
  CHECK(bench.send(ethernet(in_ip(4, kHello.bytes, "2001:db8::a", "2001:db8::b"))) == "hello");
  const Octets plain_gre = Writer().u16(0).u16(0x0800).bytes(kHello.bytes).octets();
  CHECK(bench.send(ethernet(in_ip(47, plain_gre))) == "hello");
  const Octets full_gre =
      Writer().u16(0xB000).u16(0x86DD).u32(0).u32(42).u32(7).bytes(kHello6.bytes).octets();
  CHECK(bench.send(ethernet(in_ip(47, full_gre))) == "hello");
  const Octets bridge =
      Writer().u16(0x2000).u16(0x6558).u32(42).bytes(ethernet(vlan(5, kHello))).octets();
  CHECK(bench.send(ethernet(in_ip(47, bridge))) == "hello");
  CHECK_FALSE(bench.send(ethernet(in_ip(47, Writer().u16(0x3001).u16(0x880B).zeros(8).octets()))));
  CHECK(bench.accounting[Outcome::kNotVoip] == 1);  // PPTP
}

TEST_CASE("deeper than the fixed depth is a defect") {
  Bench bench;
  Carried deep = kHello;
  for (int i = 0; i < 20; ++i) deep = in_ip(4, deep.bytes);
  CHECK_FALSE(bench.send(ethernet(deep)));
  CHECK(bench.defects(Defect::kTooDeep) == 1);
}

TEST_CASE("a frame that carries no IP is not VoIP; ICMP is a packet of its own kind") {
  Bench bench;
  CHECK_FALSE(bench.send(ethernet({0x0806, Octets(28)})));  // ARP
  CHECK(bench.accounting[Outcome::kNotVoip] == 1);
  CHECK(bench.send(ethernet(in_ip(1, octets("ping")))));
  CHECK(bench.last_transport == Transport::kOther);
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
      Bench bench;
      const auto end = whole.bytes.begin() + static_cast<std::ptrdiff_t>(size);
      CHECK_FALSE(bench.send(Octets(whole.bytes.begin(), end), whole.link));
      CHECK(bench.defects(Defect::kFrameTruncated) + bench.defects(Defect::kIpTruncated) == 1);
    }
  }
}

TEST_CASE("fragments in any order make the datagram that was cut, well formed") {
  const std::string text(1000, 'x');
  for (const auto& [from, to] :
       {std::pair(kFrom, kTo), std::pair<std::string_view, std::string_view>(
                                   "[2001:db8::1]:5060", "[2001:db8::2]:5062")}) {
    std::vector<Carried> pieces = fragments(from, to, text, 256, 77);
    REQUIRE(pieces.size() == 4);
    std::vector<std::size_t> order = {0, 1, 2, 3};
    do {
      Bench bench;
      for (std::size_t i = 0; i < 3; ++i) CHECK_FALSE(bench.send(ethernet(pieces[order[i]])));
      CHECK(bench.waiting() == 3);
      CHECK(bench.send(ethernet(pieces[order[3]])) == text);
      CHECK(bench.last_frames == 4);
      CHECK(bench.waiting() == 0);
      // Byte for byte the datagram that was never cut, but for the identification of IPv4.
      IpFields fields;
      fields.id = from == kFrom ? 77 : 0;
      CHECK(bench.last_ip == udp(from, to, text, fields).bytes);
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST_CASE("a mirror that shows each fragment twice gives the datagram once") {
  const std::vector<Carried> pieces = fragments(kFrom, kTo, std::string(500, 'x'), 256, 1);
  REQUIRE(pieces.size() == 2);
  Bench bench;
  CHECK_FALSE(bench.send(ethernet(pieces[0])));
  CHECK_FALSE(bench.send(ethernet(pieces[0])));
  CHECK(bench.send(ethernet(pieces[1])));
  CHECK_FALSE(bench.send(ethernet(pieces[1])));
  CHECK(bench.in_packets == 2);
  CHECK(bench.accounting[Outcome::kDuplicate] == 2);
  CHECK(bench.waiting() == 0);
}

TEST_CASE("an id that comes round again makes a new datagram") {
  Bench bench;
  for (const char letter : {'a', 'b', 'c'}) {
    const std::string text(500, letter);
    const std::vector<Carried> pieces = fragments(kFrom, kTo, text, 256, 1);
    CHECK_FALSE(bench.send(ethernet(pieces[0])));
    CHECK(bench.send(ethernet(pieces[1])) == text);
  }
  CHECK(bench.accounting.accounted() == 0);
}

TEST_CASE("fragments of several senders do not mix") {
  Bench bench;
  const std::vector<Carried> ours = fragments(kFrom, kTo, std::string(500, 'a'), 256, 1);
  const std::vector<Carried> theirs = fragments("10.0.0.9:1", kTo, std::string(500, 'b'), 256, 1);
  CHECK_FALSE(bench.send(ethernet(ours[0])));
  CHECK_FALSE(bench.send(ethernet(theirs[1])));
  CHECK(bench.send(ethernet(theirs[0])) == std::string(500, 'b'));
  CHECK(bench.send(ethernet(ours[1])) == std::string(500, 'a'));
}

TEST_CASE("an overlap refuses the whole datagram, and what still comes of it") {
  Bench bench;
  const std::vector<Carried> pieces = fragments(kFrom, kTo, std::string(1000, 'x'), 256, 1);
  IpFields overlapping;
  overlapping.id = 1;
  overlapping.fragment_offset = 248;
  overlapping.more_fragments = true;
  const Endpoint from = endpoint(kFrom);
  const Endpoint to = endpoint(kTo);
  CHECK_FALSE(bench.send(ethernet(pieces[0])));
  CHECK_FALSE(bench.send(ethernet(pieces[2])));
  CHECK_FALSE(bench.send(ethernet(ip(from.address, to.address, overlapping, Octets(16)))));
  CHECK(bench.defects(Defect::kFragmentOverlap) == 3);
  CHECK_FALSE(bench.send(ethernet(pieces[1])));
  CHECK_FALSE(bench.send(ethernet(pieces[3])));
  CHECK(bench.defects(Defect::kFragmentOverlap) == 5);
}

TEST_CASE("the same place with other bytes is an overlap, not a duplicate") {
  Bench bench;
  CHECK_FALSE(bench.send(ethernet(fragments(kFrom, kTo, std::string(500, 'x'), 256, 1)[0])));
  CHECK_FALSE(bench.send(ethernet(fragments(kFrom, kTo, std::string(500, 'y'), 256, 1)[0])));
  CHECK(bench.defects(Defect::kFragmentOverlap) == 2);
}

TEST_CASE("lengths that contradict each other or the unit of 8 bytes are a defect") {
  const Endpoint from = endpoint(kFrom);
  const Endpoint to = endpoint(kTo);
  struct Piece {
    std::size_t offset;
    bool more;
    std::size_t size;
  };
  const auto defects_of = [&](std::initializer_list<Piece> pieces) {
    Bench bench;
    for (const Piece& piece : pieces) {
      IpFields fields;
      fields.fragment_offset = piece.offset;
      fields.more_fragments = piece.more;
      bench.send(ethernet(ip(from.address, to.address, fields, Octets(piece.size))));
    }
    return bench.defects(Defect::kFragmentBadLength);
  };
  CHECK(defects_of({{0, true, 12}}) == 1);
  CHECK(defects_of({{8, true, 0}}) == 1);
  CHECK(defects_of({{16, false, 8}, {24, true, 8}}) == 2);   // beyond the end
  CHECK(defects_of({{32, true, 8}, {16, false, 8}}) == 2);   // the end before what is here
  CHECK(defects_of({{16, false, 8}, {16, false, 9}}) == 2);  // two ends
}

TEST_CASE("fragments that would make more than 65,535 bytes are a defect") {
  Bench bench;
  IpFields fields;
  fields.fragment_offset = 65528;
  const Endpoint from = endpoint(kFrom);
  CHECK_FALSE(bench.send(ethernet(ip(from.address, from.address, fields, Octets(8)))));
  CHECK(bench.defects(Defect::kFragmentTooLarge) == 1);
}

TEST_CASE("fragments that never become whole are counted by time, or at the end") {
  Bench bench;
  const std::vector<Carried> pieces = fragments(kFrom, kTo, std::string(1000, 'x'), 256, 1);
  bench.send(ethernet(pieces[0]));
  bench.send(ethernet(pieces[1]));
  bench.after(std::chrono::seconds(29));
  CHECK(bench.waiting() == 2);
  bench.after(std::chrono::seconds(2));
  CHECK(bench.waiting() == 0);
  CHECK(bench.defects(Defect::kFragmentTimeout) == 2);

  bench.send(ethernet(pieces[2]));
  CHECK(bench.waiting() == 1);
  bench.finish();
  CHECK(bench.waiting() == 0);
  CHECK(bench.defects(Defect::kFragmentTimeout) == 3);
}

TEST_CASE("a full table refuses new datagrams and still finishes those it has") {
  Bench bench({.max_datagrams_in_reassembly = 2});
  const auto piece = [](std::uint32_t id, std::size_t index) {
    return ethernet(fragments(kFrom, kTo, std::string(500, 'x'), 256, id)[index]);
  };
  bench.send(piece(1, 0));
  bench.send(piece(2, 0));
  bench.send(piece(3, 0));
  CHECK(bench.defects(Defect::kFragmentTableFull) == 1);
  CHECK(bench.send(piece(1, 1)));
  CHECK_FALSE(bench.send(piece(3, 0)));  // in the place of the one that is whole
  CHECK(bench.defects(Defect::kFragmentTableFull) == 1);
  CHECK(bench.send(piece(3, 1)));
}

TEST_CASE("a tunnel whose datagrams are fragmented is followed, fragments within included") {
  Bench bench;
  const std::string text(600, 'x');
  std::size_t frames = 0;
  std::optional<std::string> got;
  for (const Carried& inner : fragments(kFrom, kTo, text, 304, 9)) {
    for (std::size_t offset = 0; offset < inner.bytes.size(); offset += 160) {
      IpFields fields;
      fields.protocol = 4;
      fields.id = inner.bytes.size() > 300 ? 1 : 2;
      fields.id += inner.bytes[6] == std::byte{0x20} ? 10 : 0;
      fields.fragment_offset = offset;
      const std::size_t size = std::min<std::size_t>(160, inner.bytes.size() - offset);
      fields.more_fragments = offset + size < inner.bytes.size();
      const Endpoint from = endpoint("192.0.2.1:1");
      got = bench.send(ethernet(
          ip(from.address, from.address, fields, Bytes(inner.bytes).subspan(offset, size))));
      ++frames;
    }
  }
  CHECK(got == text);
  CHECK(bench.last_frames == frames);
  CHECK(bench.waiting() == 0);
}

TEST_CASE("whatever comes, every frame is counted once, in a packet, or waiting") {
  std::mt19937 random(20261121);
  Bench bench({.max_datagrams_in_reassembly = 8});
  for (int i = 0; i < 20'000; ++i) {
    IpFields fields;
    fields.id = random() % 16;
    fields.fragment_offset = random() % 4 * 8;
    fields.more_fragments = random() % 2 == 0;
    fields.protocol = random() % 4 == 0 ? 4 : 17;
    const Endpoint from = endpoint(kFrom);
    Octets bytes = ethernet(ip(from.address, from.address, fields, Octets(random() % 3 * 8)));
    if (random() % 8 == 0) bytes[random() % bytes.size()] ^= static_cast<std::byte>(random());
    bench.send(bytes);
    bench.after(std::chrono::milliseconds(random() % 100));
    REQUIRE(bench.in_packets + bench.accounting.accounted() <= bench.accounting.received);
  }
  bench.finish();
  CHECK(bench.waiting() == 0);
}
