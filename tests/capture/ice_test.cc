// Media that arrives where ICE agreed, and not where c= and m= said (RFC 8839).

#include <doctest/doctest.h>

#include "capture_story.h"
#include "count_packets.h"

namespace koegura::capture::test {
namespace {

constexpr auto kCallerDefault = "198.51.100.1:4000";  // what a server on the internet saw of it
constexpr auto kCallerHost = "192.0.2.1:5000";
constexpr auto kCalleeDefault = "198.51.100.9:6000";
constexpr auto kCalleeHost = "192.0.2.9:7000";

std::string candidate(std::string_view at, std::string_view type, int component = 1) {
  const std::size_t colon = at.rfind(':');
  return "a=candidate:1 " + std::to_string(component) + " UDP 2130706431 " +
         std::string(at.substr(0, colon)) + " " + std::string(at.substr(colon + 1)) + " typ " +
         std::string(type) + "\r\n";
}

std::string ice_sdp(std::string_view at, std::string_view host) {
  return sdp(at) + "a=ice-ufrag:8hhY\r\na=ice-pwd:asd88fgpdd777uzjYhagZg\r\n" +
         candidate(host, "host") + candidate(at, "srflx raddr 192.0.2.1 rport 5000");
}

void answer_with(Story& story, const Dialog& dialog, const std::string& offer,
                 const std::string& answer) {
  story.udp(dialog.caller, dialog.callee, dialog.invite(offer)).after(1000);
  story.udp(dialog.callee, dialog.caller, dialog.response("200 OK", answer)).after(5);
  story.udp(dialog.caller, dialog.callee, dialog.ack()).after(5);
}

TEST_CASE("media between host candidates that c= and m= do not name is its leg's") {
  Story story;
  const Dialog dialog{.call_id = "ice"};
  answer_with(story, dialog, ice_sdp(kCallerDefault, kCallerHost),
              ice_sdp(kCalleeDefault, kCalleeHost));
  story.speech(kCallerHost, kCalleeHost, 0xA, 50).speech(kCalleeHost, kCallerHost, 0xB, 40);
  story.udp(dialog.caller, dialog.callee, dialog.bye()).after(5000).finish();

  REQUIRE(story.calls.size() == 1);
  const FinishedCall& call = story.calls[0];
  REQUIRE(call.streams.size() == 2);
  CHECK(call.streams[0].ssrc == 0xA);
  CHECK(call.streams[0].side == Side::kCaller);
  CHECK(call.streams[0].packets == 50);
  CHECK(call.streams[1].side == Side::kCallee);
}

TEST_CASE("an endpoint that one leg names and another has as a candidate is the first one's") {
  Story story;
  const Dialog plain{.call_id = "plain", .caller = "192.0.2.7:5060"};
  const Dialog ice{.call_id = "ice"};
  answer(story, plain, "192.0.2.7:4100", kCalleeHost);
  answer_with(story, ice, ice_sdp(kCallerDefault, kCallerHost),
              ice_sdp(kCalleeDefault, kCalleeHost));
  story.speech("192.0.2.77:4100", kCalleeHost, 0xA, 50);
  story.finish();

  REQUIRE(story.call("plain") != nullptr);
  CHECK(story.call("plain")->streams.size() == 1);
  CHECK(story.call("ice")->streams.empty());
}

TEST_CASE("while candidates trickle in, the address 0.0.0.0 names nothing and holds nobody") {
  const std::string nowhere =
      "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"
      "c=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-options:trickle\r\na=rtcp-mux\r\n";
  Story story;
  const Dialog dialog{.call_id = "trickle"};
  answer_with(story, dialog, nowhere + candidate(kCallerHost, "host"),
              nowhere + candidate(kCalleeHost, "host"));
  // A refresh with the same words.
  story.udp(dialog.caller, dialog.callee, dialog.invite(nowhere, 2)).after(100);
  story.udp(dialog.callee, dialog.caller, dialog.response("200 OK", nowhere, 2)).after(5);
  story.speech(kCallerHost, kCalleeHost, 0xA, 50);
  story.udp(dialog.caller, dialog.callee, dialog.bye()).after(5000).finish();

  REQUIRE(story.calls.size() == 1);
  CHECK(story.calls[0].holds.empty());
  CHECK(story.calls[0].streams.size() == 1);
  for (const NegotiatedMedia& media : story.calls[0].media) {
    CHECK_FALSE(media.endpoint.address.is_unspecified());
    CHECK(media.candidate);
    CHECK(media.rtcp == media.endpoint);
  }
}

TEST_CASE("audio in a bundle with video is audio, wherever video's line stands") {
  const auto bundle = [](std::string_view at) {
    const std::string port(at.substr(at.rfind(':') + 1));
    return sdp(at) + "a=mid:0\r\na=rtcp-mux\r\nm=video " + port +
           " RTP/AVP 97\r\na=rtpmap:97 VP8/90000\r\na=mid:1\r\nm=video 0 RTP/AVP 98\r\n"
           "a=rtpmap:98 H264/90000\r\na=bundle-only\r\n";
  };
  Story story;
  const Dialog dialog{.call_id = "bundle"};
  answer_with(story, dialog, bundle("192.0.2.1:4000"), bundle("192.0.2.9:6000"));
  // The same again is no news, although the lines share an endpoint.
  story.udp(dialog.caller, dialog.callee, dialog.invite(bundle("192.0.2.1:4000"), 2)).after(100);
  story.speech("192.0.2.1:4000", "192.0.2.9:6000", 0xA, 50).finish();

  REQUIRE(story.calls.size() == 1);
  const FinishedCall& call = story.calls[0];
  REQUIRE(call.streams.size() == 1);
  CHECK(call.streams[0].kind == MediaKind::kAudio);
  CHECK(call.media.size() == 6);
}

TEST_CASE("RTCP towards a candidate of component 2 goes with its call") {
  const std::string offer = ice_sdp(kCallerDefault, kCallerHost) +
                            candidate("192.0.2.1:5007", "host", 2) + "a=ice-lite\r\n";
  Story story;
  const Dialog dialog{.call_id = "rtcp"};
  answer_with(story, dialog, offer, ice_sdp(kCalleeDefault, kCalleeHost));
  Writer report;  // a sender report without blocks
  report.u8(0x80).u8(200).u16(6).u32(0xB).zeros(20);
  story.send(udp("192.0.2.9:7001", "192.0.2.1:5007", Bytes(report.octets())));
  story.udp(dialog.caller, dialog.callee, dialog.bye()).after(5000).finish();

  REQUIRE(story.calls.size() == 1);
  CHECK(count_packets(story.calls[0].signalling) == 5);  // INVITE, 200, ACK, the report, BYE
}

TEST_CASE("ever new candidates leave the named endpoints their room") {
  Story story;
  const Dialog dialog{.call_id = "many"};
  for (int i = 0; i < 40; ++i) {
    std::string offer = sdp("192.0.2.1:" + std::to_string(10000 + 2 * i));
    for (int k = 0; k < 32; ++k) {
      offer += candidate("192.0.2.1:" + std::to_string(20000 + 100 * i + k), "host");
    }
    story.udp(dialog.caller, dialog.callee, dialog.invite(offer, 1 + i)).after(10);
  }
  story.finish();
  REQUIRE(story.calls.size() == 1);
  std::size_t named = 0;
  for (const NegotiatedMedia& media : story.calls[0].media) named += media.candidate ? 0 : 1;
  CHECK(named == 40);
  CHECK(story.calls[0].media.size() == 40 + 128);
  CHECK(story.stats().limits.leg_entries == 40 * 32 - 128);
}

}  // namespace
}  // namespace koegura::capture::test
