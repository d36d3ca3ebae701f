#include "decapsulation_story.h"
#include "tunnel_builder.h"

using namespace koegura;
using namespace koegura::capture;
using namespace koegura::capture::test;

namespace {

constexpr unsigned kUdp = 17;
constexpr unsigned kAuthentication = 51;
constexpr std::string_view kFrom6 = "2001:db8::1";
constexpr std::string_view kTo6 = "2001:db8::2";
const Octets kUdpHello = udp_header_and(5060, 5062, octets("hello"));

// An extension header of so many bytes (RFC 8200 §4.1), and what follows it.
Octets extension(unsigned next, std::size_t size, const Octets& behind) {
  const auto length = static_cast<unsigned>(size / 8 - 1);
  return Writer().u8(next).u8(length).zeros(size - 2).bytes(behind).octets();
}

// RFC 4302 §2: its length counts 4 bytes, minus 2.
Octets authentication(unsigned next, std::size_t size, const Octets& behind) {
  const auto length = static_cast<unsigned>(size / 4 - 2);
  return Writer().u8(next).u8(length).zeros(size - 2).bytes(behind).octets();
}

Carried ip6(std::uint8_t protocol, const Octets& payload) {
  return in_ip(protocol, payload, kFrom6, kTo6);
}

Octets prefix(const Octets& bytes, std::size_t size) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
}

}  // namespace

TEST_CASE("every IPv6 extension header is skipped, whatever its length") {
  // Hop-by-hop, routing, destination options, mobility, HIP, Shim6.
  for (const std::uint8_t header : {0, 43, 60, 135, 139, 140}) {
    for (const std::size_t size : {8U, 16U, 264U, 2048U}) {
      CAPTURE(header);
      DecapsulationStory story;
      CHECK(story.send(ethernet(ip6(header, extension(kUdp, size, kUdpHello)))) == "hello");
      CHECK(story.last_transport == Transport::kUdp);
    }
  }
  for (const std::size_t size : {8U, 24U, 44U}) {
    DecapsulationStory story;
    CHECK(story.send(ethernet(ip6(kAuthentication, authentication(kUdp, size, kUdpHello)))) ==
          "hello");
  }
  // A fragment header on a datagram that is whole (RFC 6946).
  const Octets atomic = Writer().u8(kUdp).u8(0).u16(0).u32(7).bytes(kUdpHello).octets();
  DecapsulationStory story;
  CHECK(story.send(ethernet(ip6(44, atomic))) == "hello");
  CHECK(story.waiting() == 0);
}

TEST_CASE(
    "extension headers in a row are skipped, up to a limit, and a tunnel behind them followed") {
  const auto chain = [](int count) {
    Octets payload = kUdpHello;
    unsigned next = kUdp;
    for (int i = 0; i < count; ++i) {
      payload = extension(next, 8, payload);
      next = 60;
    }
    return ethernet(ip6(static_cast<std::uint8_t>(next), payload));
  };
  DecapsulationStory story;
  for (int count = 0; count <= 8; ++count) CHECK(story.send(chain(count)) == "hello");
  CHECK_FALSE(story.send(chain(9)));
  CHECK(story.defects(Defect::kIpv6BadExtension) == 1);
  const Octets tunnel = extension(41, 8, kHello6.bytes);
  CHECK(story.send(ethernet(ip6(60, tunnel))) == "hello");
  CHECK(story.last_ip == kHello6.bytes);
}

TEST_CASE("an extension header that runs past its datagram is a defect") {
  const Octets chain = extension(43, 16, extension(kAuthentication, 8, {}));
  const Octets whole = Writer().bytes(chain).bytes(authentication(kUdp, 24, kUdpHello)).octets();
  const std::size_t headers = whole.size() - kUdpHello.size();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    DecapsulationStory story;
    // Without any bytes the length is 0, which means "all there is".
    const auto got = story.send(ethernet(ip6(0, prefix(whole, size))));
    CHECK_FALSE(got);
    CHECK(story.defects(Defect::kIpv6BadExtension) == (size < headers ? 1 : 0));
    CHECK(story.defects(Defect::kUdpTruncated) == (size < headers ? 0 : 1));
  }
  DecapsulationStory story;
  CHECK(story.send(ethernet(ip6(0, whole))) == "hello");
  CHECK_FALSE(story.send(ethernet(ip6(44, Octets(7)))));  // half a fragment header
  CHECK(story.defects(Defect::kIpv6BadExtension) == 1);
}

TEST_CASE("AH is skipped in IPv4 too, in a fragmented datagram as well, and never past the end") {
  DecapsulationStory story;
  const Octets behind = authentication(kUdp, 24, kUdpHello);
  CHECK(story.send(ethernet(in_ip(kAuthentication, behind))) == "hello");
  CHECK(story.last_transport == Transport::kUdp);
  CHECK(story.send(ethernet(in_ip(kAuthentication, authentication(4, 24, kHello.bytes)))) ==
        "hello");
  CHECK(story.last_ip == kHello.bytes);

  const Endpoint from = endpoint(kFrom);
  IpFields fields;
  fields.protocol = kAuthentication;
  fields.more_fragments = true;
  CHECK_FALSE(story.send(ethernet(ip(from.address, from.address, fields, prefix(behind, 16)))));
  fields.more_fragments = false;
  fields.fragment_offset = 16;
  CHECK(story.send(ethernet(ip(from.address, from.address, fields, Bytes(behind).subspan(16)))) ==
        "hello");

  for (std::size_t size = 0; size < 24; ++size) {
    DecapsulationStory cut;
    CHECK_FALSE(cut.send(ethernet(in_ip(kAuthentication, prefix(behind, size)))));
    CHECK(cut.defects(Defect::kIpBadHeaderLength) == 1);
  }
}

TEST_CASE("a protocol nobody here reads comes out as no transport, which is not VoIP") {
  // ESP, no next header, OSPF, SCTP, experimental.
  for (const std::uint8_t protocol : {50, 59, 89, 132, 253}) {
    CAPTURE(protocol);
    DecapsulationStory story;
    CHECK(story.send(ethernet(in_ip(protocol, Octets(40)))));
    CHECK(story.last_transport == Transport::kOther);
    CHECK(story.send(ethernet(ip6(protocol, Octets(40)))));
    CHECK(story.last_transport == Transport::kOther);
    CHECK(story.send(ethernet(ip6(60, extension(protocol, 8, Octets(40))))));
    CHECK(story.last_transport == Transport::kOther);
  }
}

TEST_CASE("the options of an IPv4 header are skipped; lengths that cannot be are a defect") {
  const auto with_first_byte = [](unsigned first, std::size_t options) {
    Writer datagram;
    datagram.u8(first).u8(0).u16(static_cast<unsigned>(20 + options + kUdpHello.size())).u32(0);
    datagram.u8(64).u8(kUdp).u16(0).u32(0x0A000001).u32(0x0A000002).zeros(options);
    return ethernet({kEtherTypeIpv4, datagram.bytes(kUdpHello).octets()});
  };
  DecapsulationStory story;
  for (unsigned words = 0; words <= 10; ++words) {
    CHECK(story.send(with_first_byte(0x45U + words, words * 4)) == "hello");
  }
  for (unsigned words = 0; words < 5; ++words)
    CHECK_FALSE(story.send(with_first_byte(0x40U + words, 0)));
  CHECK_FALSE(story.send(with_first_byte(0x4F, 0)));  // 60 bytes of header in 33
  CHECK(story.defects(Defect::kIpBadHeaderLength) == 6);
  CHECK_FALSE(story.send(with_first_byte(0x55, 0)));
  CHECK(story.defects(Defect::kIpBadVersion) == 1);
}
