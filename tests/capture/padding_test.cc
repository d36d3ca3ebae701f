// Packets whose last byte is no length of padding, though the P bit is set: a defect of RTP, and
// the usual thing in SRTP, where that byte is sealed (RFC 3711 §3.1).
#include "capture_story.h"
#include "count_packets.h"

namespace koegura::capture::test {
namespace {

constexpr auto kCallerRtp = "192.0.2.1:4000";
constexpr auto kCalleeRtp = "192.0.2.9:6000";
constexpr auto kPlain = "RTP/AVP 0";
constexpr auto kSealed = "RTP/SAVP 0";
constexpr auto kCrypto =
    "RTP/AVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 "
    "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";

// A packet with the P bit of the caller's stream.
void padded(Story& story, unsigned sequence, unsigned last_byte) {
  Writer packet;
  packet.u8(0xA0).u8(0).u16(sequence).u32(sequence * 160).u32(0xA).zeros(159).u8(last_byte);
  story.udp(kCallerRtp, kCalleeRtp, text_of(packet.octets())).after(20);
}

// So many with last bytes of all kinds; gives how many of those do not fit.
unsigned speak(Story& story, unsigned packets, unsigned first_sequence = 1) {
  unsigned misfits = 0;
  for (unsigned i = 0; i < packets; ++i) {
    const unsigned last_byte = (i * 53 + 200) % 256;
    if (last_byte == 0 || last_byte > 160) ++misfits;
    padded(story, first_sequence + i, last_byte);
  }
  return misfits;
}

std::uint64_t malformed(const Story& story) {
  return story.accounting().malformed[static_cast<std::size_t>(Defect::kRtpBadHeader)];
}

// What came to the caller's one stream.
void check_kept(const Story& story, unsigned packets) {
  REQUIRE(story.calls.size() == 1);
  REQUIRE(story.calls[0].streams.size() == 1);
  CHECK(story.calls[0].streams[0].packets == packets);
  CHECK(count_packets(story.calls[0].streams[0].spooled) == packets);
}

void call(Story& story, const Dialog& dialog, std::string_view profile) {
  story.udp(dialog.caller, dialog.callee, dialog.invite(sdp(kCallerRtp, "audio", profile)));
  story.after(100).udp(dialog.callee, dialog.caller,
                       dialog.response("200 OK", sdp(kCalleeRtp, "audio", profile)));
}

}  // namespace

TEST_CASE("every packet of SRTP is kept, and is no malformed RTP, whatever its last byte") {
  const char* profile = kSealed;
  SUBCASE("RTP/SAVP") {}
  SUBCASE("RTP/SAVPF") {
    profile = "RTP/SAVPF 0";
  }
  SUBCASE("RTP/AVP with a=crypto (RFC 8643)") {
    profile = kCrypto;
  }
  SUBCASE("DTLS-SRTP") {
    profile = "UDP/TLS/RTP/SAVP 0";
  }
  Story story;
  call(story, {.call_id = "sealed"}, profile);
  REQUIRE(speak(story, 100) > 20);
  story.finish();
  check_kept(story, 100);
  CHECK(story.accounting()[Outcome::kRtp] == 100);
  CHECK(malformed(story) == 0);
}

TEST_CASE("in plain RTP such a packet is malformed, and kept with its stream all the same") {
  Story story;
  call(story, {.call_id = "plain"}, kPlain);
  const unsigned misfits = speak(story, 100);
  story.finish();
  check_kept(story, 100);
  CHECK(malformed(story) == misfits);
  CHECK(story.accounting()[Outcome::kRtp] == 100 - misfits);
}

TEST_CASE("packets that came before their description are judged by it") {
  Story story;
  const Dialog dialog{.call_id = "early"};
  const std::string offer = sdp("192.0.2.1:4444");  // nor does it say where the packets come from
  story.udp(dialog.caller, dialog.callee, dialog.invite(offer)).after(50);
  std::uint64_t wanted = 0;
  const char* profile = kSealed;
  SUBCASE("sealed") {}
  SUBCASE("plain") {
    wanted = 1;
    profile = kPlain;
  }
  padded(story, 1, 250);  // fewer than it takes to pass for RTP
  padded(story, 2, 4);
  CHECK(story.accounting().pending() == 2);
  story.udp(dialog.callee, dialog.caller,
            dialog.response("200 OK", sdp(kCalleeRtp, "audio", profile)));
  story.finish();
  check_kept(story, 2);
  CHECK(malformed(story) == wanted);
  CHECK(story.accounting()[Outcome::kRtp] == 2 - wanted);
}

TEST_CASE("a re-INVITE may be the first to offer keys: from then on nothing is malformed") {
  Story story;
  const Dialog dialog{.call_id = "again"};
  call(story, dialog, kPlain);
  const unsigned misfits = speak(story, 50);
  const std::string offer = sdp(kCallerRtp, "audio", kSealed);
  story.udp(dialog.caller, dialog.callee, dialog.invite(offer, 2)).after(10);
  story.udp(dialog.callee, dialog.caller,
            dialog.response("200 OK", sdp(kCalleeRtp, "audio", kSealed), 2));
  REQUIRE(speak(story, 50, 51) > 10);
  story.finish();
  check_kept(story, 100);
  CHECK(malformed(story) == misfits);
}

TEST_CASE("a stream that nobody describes may be SRTP: all its packets are kept") {
  Story story;
  REQUIRE(speak(story, 100) > 20);
  story.finish();
  check_kept(story, 100);
  CHECK(story.calls[0].state == CallState::kMediaOnly);
  CHECK(malformed(story) == 0);
}

TEST_CASE("a copy of such a packet is a duplicate, and a few of nobody's are unclaimed") {
  Story story;
  SUBCASE("a copy") {
    call(story, {.call_id = "copies"}, kSealed);
    padded(story, 1, 250);
    padded(story, 1, 250);
    story.finish();
    check_kept(story, 1);
    CHECK(story.accounting()[Outcome::kDuplicate] == 1);
  }
  SUBCASE("nobody's") {
    padded(story, 1, 250);
    padded(story, 500, 250);
    story.finish();
    CHECK(story.calls.empty());
    CHECK(story.accounting()[Outcome::kUnclaimed] == 2);
  }
}

}  // namespace koegura::capture::test
