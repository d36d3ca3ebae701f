// The torture messages of RFC 5118 §4: each is read. A recorder does not answer: where an element
// would have to refuse (§4.2), there is still one sense to it. Their text stands in the RFC; its
// Content-Lengths, some of which are wrong there, are counted here.

#include <doctest/doctest.h>

#include <string>

#include "capture/sdp.h"
#include "capture/sip_message.h"

namespace koegura::capture {
namespace {

struct Torture {
  std::string_view section;
  std::string_view start;  // without the version
  std::string_view to = "sip:user@example.com";
  std::string_view from = "sip:user@example.com;tag=81x2";
  std::string_view vias = "Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111\r\n";
  std::string_view call_id = "SSG9559905523997077@hlau_4100";
  std::string_view cseq;
  std::string_view contact = "";
  std::string_view body = "";
  // As read:
  std::string_view request_uri;
  std::string_view branch = "z9hG4bKas3-111";
  std::string_view received = "";  // of the topmost Via
};

constexpr std::string_view kCaller = "Contact: \"Caller\" <sip:caller@[2001:db8::1]>\r\n";

constexpr Torture kMessages[] = {
    {.section = "4.1 valid, with an IPv6 reference",
     .start = "REGISTER sip:[2001:db8::10]",
     .cseq = "98176 REGISTER",
     .contact = kCaller,
     .request_uri = "sip:[2001:db8::10]"},
    {.section = "4.2 the reference lacks its brackets",
     .start = "REGISTER sip:2001:db8::10",
     .cseq = "98176 REGISTER",
     .contact = kCaller,
     .request_uri = "sip:2001:db8::10"},
    {.section = "4.3 what was meant as a port is part of the address",
     .start = "REGISTER sip:[2001:db8::10:5070]",
     .cseq = "98176 REGISTER",
     .contact = kCaller,
     .request_uri = "sip:[2001:db8::10:5070]"},
    {.section = "4.4 a port behind the brackets",
     .start = "REGISTER sip:[2001:db8::10]:5070",
     .cseq = "98176 REGISTER",
     .contact = kCaller,
     .request_uri = "sip:[2001:db8::10]:5070"},
    {.section = "4.5 received with brackets",
     .start = "BYE sip:[2001:db8::10]",
     .to = "sip:user@example.com;tag=bd76ya",
     .vias =
         "Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111\r\n",
     .cseq = "321 BYE",
     .request_uri = "sip:[2001:db8::10]",
     .received = "[2001:db8::9:255]"},
    {.section = "4.5 received without brackets",
     .start = "OPTIONS sip:[2001:db8::10]",
     .vias = "Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3\r\n",
     .call_id = "SSG95523997077@hlau_4100",
     .cseq = "921 OPTIONS",
     .contact = "Contact: \"Caller\" <sip:caller@[2001:db8::9:1]>\r\n",
     .request_uri = "sip:[2001:db8::10]",
     .branch = "z9hG4bKas3",
     .received = "2001:db8::9:255"},
    {.section = "4.6 IPv6 in the session description",
     .start = "INVITE sip:user@[2001:db8::10]",
     .to = "sip:user@[2001:db8::10]",
     .vias = "Via: SIP/2.0/UDP [2001:db8::20];branch=z9hG4bKas3-111\r\n",
     .cseq = "8612 INVITE",
     .contact = "Contact: \"Caller\" <sip:caller@[2001:db8::20]>\r\n",
     .body = "v=0\r\no=assistant 971731711378798081 0 IN IP6 2001:db8::20\r\n"
             "s=Live video feed for today's meeting\r\nc=IN IP6 2001:db8::20\r\n"
             "t=3338481189 3370017201\r\nm=audio 6000 RTP/AVP 2\r\na=rtpmap:2 G726-32/8000\r\n"
             "m=video 6024 RTP/AVP 107\r\na=rtpmap:107 H263-1998/90000\r\n",
     .request_uri = "sip:user@[2001:db8::10]"},
    {.section = "4.7 IPv6 and IPv4 hops",
     .start = "BYE sip:user@host.example.net",
     .to = "sip:user@example.net;tag=9817--94",
     .vias = "Via: SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111\r\n"
             "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144\r\n"
             "Via: SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200\r\n",
     .call_id = "997077@lau_4100",
     .cseq = "89187 BYE",
     .request_uri = "sip:user@host.example.net"},
    {.section = "4.8 IPv4 for audio, IPv6 for video",
     .start = "INVITE sip:user@[2001:db8::10]",
     .to = "sip:user@[2001:db8::10]",
     .cseq = "8912 INVITE",
     .contact = "Contact: \"Caller\" <sip:caller@[2001:db8::9:1]>\r\n",
     .body = "v=0\r\no=bob 280744730 28977631 IN IP4 host.example.com\r\ns=\r\nt=0 0\r\n"
             "m=audio 22334 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\nm=video 6024 RTP/AVP 107\r\n"
             "c=IN IP6 2001:db8::1\r\na=rtpmap:107 H263-1998/90000\r\n",
     .request_uri = "sip:user@[2001:db8::10]"},
    {.section = "4.9 IPv4-mapped addresses",
     .start = "INVITE sip:user@example.com",
     .from = "sip:user@east.example.com;tag=81x2",
     .vias = "Via: SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19\r\n"
             "Via: SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3-111\r\n",
     .cseq = "612 INVITE",
     .contact = "Contact: \"T. desk phone\" <sip:ted@[::ffff:192.0.2.2]>\r\n",
     .body = "v=0\r\no=assistant 971731711378798081 0 IN IP6 ::ffff:192.0.2.2\r\n"
             "s=Call me soon, please!\r\nc=IN IP6 ::ffff:192.0.2.2\r\nt=3338481189 3370017201\r\n"
             "m=audio 6000 RTP/AVP 2\r\na=rtpmap:2 G726-32/8000\r\nm=video 6024 RTP/AVP 107\r\n"
             "a=rtpmap:107 H263-1998/90000\r\n",
     .request_uri = "sip:user@example.com",
     .branch = "z9hG4bKbh19"},
    {.section = "4.10 three colons, by the bug in RFC 3261's grammar",
     .start = "OPTIONS sip:user@[2001:db8:::192.0.2.1]",
     .to = "sip:user@[2001:db8:::192.0.2.1]",
     .from = "sip:user@example.com;tag=810x2",
     .vias = "Via: SIP/2.0/UDP lab1.east.example.com;branch=z9hG4bKas3-111\r\n",
     .call_id = "G9559905523997077@hlau_4100",
     .cseq = "689 OPTIONS",
     .request_uri = "sip:user@[2001:db8:::192.0.2.1]"},
    {.section = "4.10 two colons, as they should be",
     .start = "OPTIONS sip:user@[2001:db8::192.0.2.1]",
     .to = "sip:user@[2001:db8::192.0.2.1]",
     .from = "sip:user@example.com;tag=810x2",
     .vias = "Via: SIP/2.0/UDP lab1.east.example.com;branch=z9hG4bKas3-111\r\n",
     .call_id = "G9559905523997077@hlau_4100",
     .cseq = "689 OPTIONS",
     .request_uri = "sip:user@[2001:db8::192.0.2.1]"},
};

std::string text_of(const Torture& row) {
  const auto line = [](std::string_view name, std::string_view value) {
    return std::string(name) + ": " + std::string(value) + "\r\n";
  };
  return std::string(row.start) + " SIP/2.0\r\n" + line("To", row.to) + line("From", row.from) +
         std::string(row.vias) + line("Call-ID", row.call_id) + std::string(row.contact) +
         line("CSeq", row.cseq) + line("Max-Forwards", "70") +
         (row.body.empty() ? "" : line("Content-Type", "application/sdp")) +
         line("Content-Length", std::to_string(row.body.size())) + "\r\n" + std::string(row.body);
}

SipMessage read(const std::string& text) {
  auto message = parse_sip(std::as_bytes(std::span(text)));
  REQUIRE(message);
  return std::move(*message);
}

// Up to the first parameter.
std::string_view uri_of(std::string_view address) {
  return address.substr(0, address.find(';'));
}

const Torture& in_section(std::string_view section) {
  for (const Torture& row : kMessages) {
    if (row.section.starts_with(section)) return row;
  }
  FAIL("no such section");
  return kMessages[0];
}

std::string endpoint_in(std::string_view text) {
  const auto sdp = parse_sdp(text);
  REQUIRE(sdp);
  const auto endpoint = sdp->media.at(0).endpoint();
  return endpoint ? endpoint->to_string() : "none";
}

}  // namespace

TEST_CASE("every IPv6 torture message is read, as a datagram and from a stream") {
  for (const Torture& row : kMessages) {
    CAPTURE(row.section);
    const std::string text = text_of(row);
    const SipMessage message = read(text);
    CHECK(message.method == row.start.substr(0, row.start.find(' ')));
    CHECK(message.request_uri == row.request_uri);
    CHECK(message.call_id == row.call_id);
    CHECK(std::to_string(message.cseq) + " " + std::string(message.method) == row.cseq);
    CHECK(message.from.uri == uri_of(row.from));
    CHECK(message.from.tag() == row.from.substr(row.from.rfind('=') + 1));
    CHECK(message.to.uri == uri_of(row.to));
    CHECK(message.top_branch == row.branch);
    CHECK(message.body == row.body);
    SipNameAddr via;
    const std::string_view value = message.header("Via");
    via.parameters = value.substr(value.find(';'));
    CHECK(via.parameter("received") == row.received);
    CHECK(sip_message_length(std::as_bytes(std::span(text))) == text.size());
  }
}

TEST_CASE("the address of a Contact is whole, brackets, colons and all") {
  const std::string text = text_of(in_section("4.9"));
  const SipMessage message = read(text);
  const auto contact = SipNameAddr::parse(message.header("Contact"));
  REQUIRE(contact);
  CHECK(contact->display_name == "T. desk phone");
  CHECK(contact->uri == "sip:ted@[::ffff:192.0.2.2]");
}

TEST_CASE("IPv6 in a session description is where the media arrives") {
  const std::string text = text_of(in_section("4.6"));
  const auto sdp = parse_sdp(sip_body_of_type(read(text), "application/sdp"));
  REQUIRE(sdp);
  REQUIRE(sdp->media.size() == 2);
  CHECK(sdp->media[0].endpoint()->to_string() == "[2001:db8::20]:6000");
  CHECK(sdp->media[0].formats.at(0).encoding == "G726-32");
  CHECK(sdp->media[1].endpoint()->to_string() == "[2001:db8::20]:6024");
}

TEST_CASE("each media line may have an address of its own family") {
  const std::string text = text_of(in_section("4.8"));
  const auto sdp = parse_sdp(sip_body_of_type(read(text), "application/sdp"));
  REQUIRE(sdp);
  REQUIRE(sdp->media.size() == 2);
  CHECK(sdp->media[0].endpoint()->to_string() == "192.0.2.1:22334");
  CHECK(sdp->media[1].endpoint()->to_string() == "[2001:db8::1]:6024");
}

TEST_CASE("an IPv4-mapped address is the IPv4 address: packets carry that") {
  const std::string text = text_of(in_section("4.9"));
  const auto sdp = parse_sdp(sip_body_of_type(read(text), "application/sdp"));
  REQUIRE(sdp);
  CHECK(sdp->media.at(0).endpoint() == Endpoint{IpAddress::v4(0xC0000202), 6000});
}

TEST_CASE("a family that contradicts its address, brackets, scopes and three colons") {
  const auto connection = [](const std::string& address) {
    return endpoint_in("c=IN " + address + "\r\nm=audio 4000 RTP/AVP 0\r\n");
  };
  CHECK(connection("IP4 2001:db8::1") == "[2001:db8::1]:4000");
  CHECK(connection("IP6 192.0.2.1") == "192.0.2.1:4000");
  CHECK(connection("ip6 2001:DB8:0:0::1") == "[2001:db8::1]:4000");
  CHECK(connection("IP6 [2001:db8::1]") == "[2001:db8::1]:4000");
  CHECK(connection("IP6 ff02::1/3") == "[ff02::1]:4000");
  CHECK(connection("IP6 fe80::1%eth0") == "[fe80::1]:4000");
  CHECK(connection("IP6 2001:db8:::192.0.2.1") == "[2001:db8::c000:201]:4000");
  CHECK(connection("IP6 2001:db8:::1") == "none");
  CHECK(connection("IP6 2001:db8::1::2") == "none");
  CHECK(connection("IP6") == "none");
}

TEST_CASE("a=rtcp may name an IPv6 address") {
  const auto sdp = parse_sdp(
      "c=IN IP6 2001:db8::1\r\nm=audio 4000 RTP/AVP 0\r\na=rtcp:5005 IN IP6 2001:db8::7\r\n");
  REQUIRE(sdp);
  const SdpMedia& media = sdp->media.at(0);
  CHECK(media.rtcp_endpoint(media.endpoint().value()).to_string() == "[2001:db8::7]:5005");
}

}  // namespace koegura::capture
