// The filter: what was asked for, and what nobody can judge by its first header.
#include "frame_filter.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "packet_builder.h"

namespace koegura::capture {
namespace {

using namespace test;

constexpr const char* kSip = "OPTIONS sip:a SIP/2.0\r\n\r\n";
const std::string kLargeSip(2000, 'a');

Carried sip() {
  return udp("192.0.2.1:5060", "192.0.2.2:5060", kSip);
}
Carried sip6() {
  return udp("[2001:db8::1]:5060", "[2001:db8::2]:5060", kSip);
}
Carried rtp() {
  return udp("192.0.2.1:20000", "192.0.2.2:20002", "rtp");
}
Carried rtp6() {
  return udp("[2001:db8::1]:20000", "[2001:db8::2]:20002", "rtp");
}
Carried arp() {
  return {0x0806, Octets(28)};
}
Carried second_fragment() {
  return fragments("192.0.2.1:5060", "192.0.2.2:5060", kLargeSip, 1000, 7).at(1);
}
Carried second_fragment6() {
  return fragments("[2001:db8::1]:5060", "[2001:db8::2]:5060", kLargeSip, 1000, 7).at(1);
}

// An IP tunnel around anything.
Carried tunnel(std::string_view from, std::string_view to, std::uint8_t protocol,
               const Carried& inner) {
  IpFields fields;
  fields.protocol = protocol;
  return ip(endpoint(from).address, endpoint(to).address, fields, inner.bytes);
}
Carried tunnel4(std::uint8_t protocol, const Carried& inner) {
  return tunnel("192.0.2.8:0", "192.0.2.9:0", protocol, inner);
}
Carried tunnel6(std::uint8_t protocol, const Carried& inner) {
  return tunnel("[2001:db8::8]:0", "[2001:db8::9]:0", protocol, inner);
}
Carried udp_tunnel(unsigned port) {
  return udp("192.0.2.8:40000", "192.0.2.9:" + std::to_string(port), "an RTP packet within");
}
Carried mpls(const Carried& inner) {
  return {0x8847, Writer().u32(0x00010140).bytes(inner.bytes).octets()};
}
Carried pppoe(const Carried& inner) {
  Writer session;
  session.u16(0x1100).u16(1).u16(static_cast<unsigned>(inner.bytes.size() + 2)).u16(0x0021);
  return {0x8864, session.bytes(inner.bytes).octets()};
}

FrameFilter filter_of(const std::string& filter, LinkType link = LinkType::kEthernet) {
  auto compiled = FrameFilter::compile(filter, link);
  REQUIRE_MESSAGE(compiled, (compiled ? "" : compiled.error().message));
  return std::move(*compiled);
}

// In Ethernet without, with one and with two tags.
std::vector<Octets> tagged_or_not(const Carried& inner) {
  return {ethernet(inner), ethernet(vlan(5, inner)), ethernet(vlan(7, vlan(5, inner), 0x88A8)),
          ethernet(vlan(7, vlan(5, inner)))};
}
bool passes_everywhere(const FrameFilter& filter, const Carried& inner) {
  const auto frames = tagged_or_not(inner);
  return std::ranges::all_of(frames, [&](const Octets& o) { return filter.passes(frame(o)); });
}
bool passes_nowhere(const FrameFilter& filter, const Carried& inner) {
  const auto frames = tagged_or_not(inner);
  return std::ranges::none_of(frames, [&](const Octets& o) { return filter.passes(frame(o)); });
}

TEST_CASE("a filter takes what it names and refuses the rest, also within one and two tags") {
  const FrameFilter filter = filter_of("udp port 5060");
  CHECK(passes_everywhere(filter, sip()));
  CHECK(passes_everywhere(filter, sip6()));
  CHECK(passes_nowhere(filter, rtp()));
  CHECK(passes_nowhere(filter, rtp6()));
  CHECK(passes_nowhere(filter, arp()));
  CHECK(passes_nowhere(filter, tcp("192.0.2.1:5060", "192.0.2.2:5060", 1, kSip)));
}

TEST_CASE("an expression with an 'or' in it is taken as a whole") {
  const FrameFilter filter = filter_of("udp port 5060 or udp portrange 20000-20010");
  CHECK(passes_everywhere(filter, sip()));
  CHECK(passes_everywhere(filter, rtp()));
  CHECK(passes_nowhere(filter, udp("192.0.2.1:53", "192.0.2.2:53", "dns")));
}

TEST_CASE("fragments pass whatever the filter says") {
  const FrameFilter filter = filter_of("udp port 5060");
  CHECK(passes_everywhere(filter, second_fragment()));
  CHECK(passes_everywhere(filter, second_fragment6()));
  CHECK(passes_everywhere(filter_of("host 203.0.113.1"), second_fragment()));
}

TEST_CASE("an IPv6 datagram with an extension header passes: libpcap does not look behind it") {
  const Octets behind_destination_options =
      Writer().u8(17).u8(0).u16(0x0104).u32(0).bytes(Bytes(sip6().bytes).subspan(40)).octets();
  CHECK(
      passes_everywhere(filter_of("udp port 5060"), tunnel6(60, {0, behind_destination_options})));
}

TEST_CASE("the tunnels that decapsulation takes apart pass whatever the filter says") {
  const FrameFilter filter = filter_of("udp port 5060");
  for (const Carried& carried :
       {tunnel4(47, {0, Octets(24)}), tunnel6(47, {0, Octets(24)}), tunnel4(4, rtp()),
        tunnel4(41, rtp6()), tunnel6(4, rtp()), tunnel6(41, rtp6())}) {
    CHECK(passes_everywhere(filter, carried));
  }
  for (const unsigned port : {4789U, 8472U, 6081U, 2152U, 37008U}) {
    CAPTURE(port);
    CHECK(passes_everywhere(filter, udp_tunnel(port)));
  }
  CHECK(passes_nowhere(filter, udp_tunnel(4790)));
  CHECK(passes_nowhere(filter, tunnel4(50, rtp())));
}

TEST_CASE("MPLS and PPPoE pass whole") {
  const FrameFilter filter = filter_of("udp port 5060");
  CHECK(passes_everywhere(filter, mpls(sip())));
  CHECK(passes_everywhere(filter, mpls(rtp())));
  CHECK(passes_everywhere(filter, pppoe(rtp())));
}

TEST_CASE("a filter that names tags itself is taken at its word") {
  const FrameFilter filter = filter_of("vlan 5 and udp port 5060");
  const Octets in_5 = ethernet(vlan(5, sip()));
  const Octets in_6 = ethernet(vlan(6, sip()));
  const Octets rtp_in_5 = ethernet(vlan(5, rtp()));
  const Octets fragment_in_5 = ethernet(vlan(5, second_fragment()));
  const Octets untagged_tunnel = ethernet(udp_tunnel(4789));
  CHECK(filter.passes(frame(in_5)));
  CHECK_FALSE(filter.passes(frame(in_6)));
  CHECK_FALSE(filter.passes(frame(rtp_in_5)));
  CHECK(filter.passes(frame(fragment_in_5)));
  CHECK(filter.passes(frame(untagged_tunnel)));
  // A name that only contains the word is no keyword.
  CHECK(widened_filter("host my-vlan.example", LinkType::kEthernet).find("(vlan and") !=
        std::string::npos);
  for (const char* each : {"mpls and udp port 5060", "pppoes and udp port 5060", "geneve",
                           "vlan and vlan 7", "mpls 5 and mpls 6", "not vlan"}) {
    CAPTURE(each);
    CHECK(FrameFilter::compile(each, LinkType::kEthernet).has_value());
  }
}

TEST_CASE("a filter works on every link type we take apart") {
  struct Case {
    LinkType link;
    Octets header4;
    Octets header6;
  };
  const Writer sll = Writer().u16(0).u16(1).u16(6).zeros(8);
  const Writer loop = Writer().u32(2);
  const auto with = [](Writer writer, unsigned type) { return writer.u16(type).octets(); };
  const auto sll2 = [](unsigned type) { return Writer().u16(type).zeros(18).octets(); };
  const auto family = [](std::uint32_t value) { return Writer().u32(value).octets(); };
  const Case cases[] = {
      {LinkType::kRaw, {}, {}},
      {LinkType::kIpv4, {}, {}},
      {LinkType::kLinuxSll, with(sll, 0x0800), with(sll, 0x86DD)},
      {LinkType::kLinuxSll2, sll2(0x0800), sll2(0x86DD)},
      {LinkType::kNull, family(0x02000000), family(0x0A000000)},  // little-endian here
      {LinkType::kLoop, family(2), family(10)},
  };
  for (const Case& each : cases) {
    CAPTURE(static_cast<int>(each.link));
    const FrameFilter filter = filter_of("udp port 5060", each.link);
    const auto passes = [&](const Octets& header, const Carried& carried) {
      const Octets bytes = Writer().bytes(header).bytes(carried.bytes).octets();
      return filter.passes(frame(bytes, each.link));
    };
    CHECK(passes(each.header4, sip()));
    CHECK_FALSE(passes(each.header4, rtp()));
    CHECK(passes(each.header4, second_fragment()));
    CHECK(passes(each.header4, udp_tunnel(4789)));
    CHECK(passes(each.header4, tunnel4(41, rtp6())));
    if (each.link == LinkType::kIpv4) continue;
    CHECK(passes(each.header6, sip6()));
    CHECK_FALSE(passes(each.header6, rtp6()));
    CHECK(passes(each.header6, second_fragment6()));
  }
  CHECK(filter_of("udp port 5060", LinkType::kIpv6).passes(frame(sip6().bytes, LinkType::kIpv6)));
}

TEST_CASE("cooked frames with a tag pass whole") {
  const FrameFilter filter = filter_of("udp port 5060", LinkType::kLinuxSll);
  const Octets tagged =
      Writer().u16(0).u16(1).u16(6).zeros(8).u16(0x8100).bytes(vlan(5, rtp()).bytes).octets();
  CHECK(filter.passes(frame(tagged, LinkType::kLinuxSll)));
}

TEST_CASE("no filter lets everything pass, and a cut frame is judged by what is there") {
  for (const char* nothing : {"", "  ", "\n"}) {
    CHECK(widened_filter(nothing, LinkType::kEthernet).empty());
    const Octets bytes = ethernet(arp());
    CHECK(filter_of(nothing).passes(frame(bytes)));
  }
  const Octets whole = ethernet(sip());
  const FrameFilter filter = filter_of("udp port 5060");
  for (std::size_t size = 0; size < 36; ++size) {
    Frame cut = frame(whole);
    cut.bytes = cut.bytes.first(size);
    CHECK_FALSE(filter.passes(cut));
  }
}

TEST_CASE("a bad filter is an error that shows it, says why and where to read on") {
  const auto message = [](const char* filter) {
    const auto compiled = FrameFilter::compile(filter, LinkType::kEthernet);
    REQUIRE_FALSE(compiled);
    CHECK(compiled.error().kind == ErrorKind::kUsage);
    return compiled.error().message;
  };
  CHECK(message("udp prt 5060") ==
        "filter 'udp prt 5060': can't parse filter expression: syntax error: see pcap-filter(7)");
  // What would fit between our parentheses is still wrong.
  CHECK(message("udp) or (tcp").find("filter 'udp) or (tcp': ") == 0);
  CHECK(message("port 99999").find("99999") != std::string::npos);
}

}  // namespace
}  // namespace koegura::capture
