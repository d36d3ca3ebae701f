// SIP without the keys that were pressed: every way in which SIP tells them, over UDP and TCP.
#include "capture/digit_mask.h"

#include <doctest/doctest.h>

#include "packet_builder.h"

using namespace koegura;
using namespace koegura::capture;
using namespace koegura::capture::test;

namespace {

std::string message(const std::string& method, const std::string& type, const std::string& body) {
  return method +
         " sip:b@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
         "From: <sip:a@a.example>;tag=1\r\nTo: <sip:b@b.example>;tag=2\r\nCall-ID: c\r\nCSeq: 5 " +
         method + "\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

constexpr const char* kFrom = "192.0.2.1:5060";
constexpr const char* kTo = "192.0.2.2:5060";

// The packets' payloads after the mask has seen them all.
std::vector<std::string> masked(std::vector<Octets> packets) {
  DigitMask mask;
  for (const Octets& packet : packets) mask.learn(from_unix_ns(0), packet);
  mask.finish();
  std::vector<std::string> payloads;
  for (Octets& packet : packets) {
    mask.apply(from_unix_ns(0), packet);
    const auto parsed = parse_ip(from_unix_ns(0), packet);
    REQUIRE(parsed);
    payloads.push_back(text_of(parsed->payload));
  }
  return payloads;
}

std::string masked_body(const std::string& method, const std::string& type,
                        const std::string& body) {
  const std::string whole = message(method, type, body);
  const std::string out = masked({udp(kFrom, kTo, whole).bytes}).at(0);
  REQUIRE(out.size() == whole.size());
  CHECK(out.substr(0, whole.size() - body.size()) == whole.substr(0, whole.size() - body.size()));
  return out.substr(whole.size() - body.size());
}

// RFC 768 and RFC 9293: over the pseudo header and the transport's own, 0xFFFF if it is right.
std::uint32_t folded_sum(const Octets& ip, bool v4) {
  const std::size_t header = v4 ? 20 : 40;
  const Bytes addresses = v4 ? Bytes(ip).subspan(12, 8) : Bytes(ip).subspan(8, 32);
  const std::size_t length = ip.size() - header;
  std::uint32_t sum =
      static_cast<std::uint32_t>(length) + std::to_integer<std::uint32_t>(v4 ? ip[9] : ip[6]);
  for (const Bytes part : {addresses, Bytes(ip).subspan(header)}) {
    for (std::size_t i = 0; i < part.size(); ++i) {
      const auto value = std::to_integer<std::uint32_t>(part[i]);
      sum += i % 2 == 0 ? value << 8U : value;
    }
  }
  while (sum > 0xFFFF) sum = (sum & 0xFFFFU) + (sum >> 16U);
  return sum;
}

}  // namespace

TEST_CASE("INFO's and KPML's digits become X, whatever writes them, and nothing else does") {
  CHECK(masked_body("INFO", "application/dtmf-relay", "Signal=5\r\nDuration=160\r\n") ==
        "Signal=X\r\nDuration=160\r\n");
  CHECK(masked_body("INFO", "application/dtmf-relay", "signal = 11 \nDuration= 160") ==
        "signal = XX \nDuration= 160");
  CHECK(masked_body("INFO", "application/dtmf", "5") == "X");
  CHECK(masked_body("INFO", "Application/DTMF; x=y", "#\r\n") == "X\r\n");
  CHECK(masked_body("INFO", "audio/telephone-event", "\x05\x0A\x01\x40") == "XXXX");
  CHECK(masked_body("INFO", "application/vnd.nortelnetworks.digits",
                    "p=Digit-Collection\r\ny=Digits\r\nd=9\r\n") ==
        "p=Digit-Collection\r\ny=Digits\r\nd=X\r\n");
  CHECK(masked_body("NOTIFY", "application/kpml-response+xml",
                    "<kpml-response version=\"1.0\" code=\"200\" digits=\"4321\" tag=\"x\"/>") ==
        "<kpml-response version=\"1.0\" code=\"200\" digits=\"XXXX\" tag=\"x\"/>");
  CHECK(masked_body("INFO", "text/plain", "Signal=5") == "Signal=X");  // unmistakable
  CHECK(masked_body("INFO", "multipart/mixed;boundary=b",
                    "--b\r\nContent-Type: application/dtmf\r\n\r\n7\r\n--b\r\n"
                    "Content-Type: application/sdp\r\n\r\nv=0\r\n--b--\r\n") ==
        "--b\r\nContent-Type: application/dtmf\r\n\r\nX\r\n--b\r\n"
        "Content-Type: application/sdp\r\n\r\nv=0\r\n--b--\r\n");
  const std::string sdp = "v=0\r\no=- 5 5 IN IP4 192.0.2.1\r\ns=5\r\n";
  CHECK(masked_body("INVITE", "application/sdp", sdp) == sdp);
}

TEST_CASE("over TCP a digit is masked in whatever segments it came, and sent again") {
  const std::string info = message("INFO", "application/dtmf", "59#");
  const std::string bye = message("BYE", "text/plain", "bye 59#");
  const std::string stream = info + bye;
  const std::uint32_t start = 0xFFFFFFF0;  // wraps
  for (const std::size_t size : {std::size_t{97}, info.size() - 2, info.size(), stream.size()}) {
    CAPTURE(size);
    std::vector<Octets> packets;
    for (std::size_t at = 0; at < stream.size(); at += size) {
      packets.push_back(
          tcp(kFrom, kTo, start + static_cast<std::uint32_t>(at), stream.substr(at, size)).bytes);
    }
    packets.push_back(tcp(kFrom, kTo, start + static_cast<std::uint32_t>(info.size() - 10),
                          stream.substr(info.size() - 10, 12))
                          .bytes);  // another cut
    const std::vector<std::string> out = masked(packets);
    std::string heard;
    for (std::size_t i = 0; i + 1 < out.size(); ++i) heard += out[i];
    CHECK(heard == message("INFO", "application/dtmf", std::string(3, 'X')) + bye);
    CHECK(out.back() == heard.substr(info.size() - 10, 12));
  }
}

TEST_CASE("a part of another leg's message, which nobody has the rest of, tells nothing either") {
  CHECK(masked({tcp(kFrom, kTo, 1, "length: 24\r\n\r\nSignal=5\r\nDura").bytes}).at(0) ==
        "length: 24\r\n\r\nSignal=X\r\nDura");
}

TEST_CASE("checksums are made anew: the old ones would tell the digit") {
  const std::string info = message("INFO", "application/dtmf", "5");
  const auto check = [](Octets packet, std::size_t checksum_at, bool v4) {
    packet[checksum_at] = std::byte{0x12};  // as it came: wrong, if only for the digit
    packet[checksum_at + 1] = std::byte{0x34};
    DigitMask mask;
    mask.learn(from_unix_ns(0), packet);
    mask.finish();
    mask.apply(from_unix_ns(0), packet);
    CHECK(folded_sum(packet, v4) == 0xFFFF);
  };
  check(udp(kFrom, kTo, info).bytes, 20 + 6, true);
  check(tcp(kFrom, kTo, 1, info).bytes, 20 + 16, true);
  check(udp("[2001:db8::1]:5060", "[2001:db8::2]:5060", info).bytes, 40 + 6, false);
  check(tcp("[2001:db8::1]:5060", "[2001:db8::2]:5060", 1, info + " ").bytes, 40 + 16, false);
  // Without a digit it stays as it came, and so does one that was never given.
  Octets untouched = udp(kFrom, kTo, message("INFO", "text/plain", "none")).bytes;
  untouched[26] = std::byte{0x12};
  const Octets before = untouched;
  DigitMask mask;
  mask.finish();
  mask.apply(from_unix_ns(0), untouched);
  CHECK(untouched == before);
  Octets without = udp(kFrom, kTo, info).bytes;
  mask.apply(from_unix_ns(0), without);
  CHECK(without[26] == std::byte{0});
  CHECK(without[27] == std::byte{0});
}
