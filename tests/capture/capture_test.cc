#include "capture/capture.h"

#include <doctest/doctest.h>

#include "capture_story.h"
#include "count_packets.h"

namespace koegura::capture::test {
namespace {

constexpr auto kCallerRtp = "192.0.2.1:4000";
constexpr auto kCalleeRtp = "192.0.2.9:6000";

const FinishedStream* stream_of(const FinishedCall& call, unsigned ssrc) {
  for (const FinishedStream& stream : call.streams) {
    if (stream.ssrc == ssrc) return &stream;
  }
  return nullptr;
}

TEST_CASE("what arrives at the callee's endpoint is the caller's voice, and the other way round") {
  Story story;
  const Dialog dialog{.call_id = "one"};
  answer(story, dialog, kCallerRtp, kCalleeRtp);
  story.speech(kCallerRtp, kCalleeRtp, 0xA, 50).speech(kCalleeRtp, kCallerRtp, 0xB, 40);
  story.udp(dialog.caller, dialog.callee, dialog.bye()).after(5000).finish();

  REQUIRE(story.calls.size() == 1);
  const FinishedCall& call = story.calls[0];
  CHECK(call.state == CallState::kAnswered);
  REQUIRE(call.streams.size() == 2);
  CHECK(stream_of(call, 0xA)->side == Side::kCaller);
  CHECK(stream_of(call, 0xA)->packets == 50);
  CHECK(stream_of(call, 0xB)->side == Side::kCallee);
  CHECK(count_packets(stream_of(call, 0xB)->spooled) == 40);
  CHECK(count_packets(call.signalling) == 5);
  CHECK(story.accounting()[Outcome::kRtp] == 90);
  CHECK(story.accounting()[Outcome::kSip] == 5);
}

TEST_CASE("RTP that came before its SDP is kept from its first packet") {
  Story story;
  const Dialog dialog{.call_id = "early"};
  story.udp(dialog.caller, dialog.callee, dialog.invite(sdp(kCallerRtp))).after(50);
  story.speech(kCallerRtp, kCalleeRtp, 0xA, 100);  // two seconds before the 200 says where
  story.udp(dialog.callee, dialog.caller, dialog.response("200 OK", sdp(kCalleeRtp)));
  story.speech(kCallerRtp, kCalleeRtp, 0xA, 10, 101).finish();

  REQUIRE(story.calls.size() == 1);
  REQUIRE(story.calls[0].streams.size() == 1);
  CHECK(story.calls[0].streams[0].packets == 110);
}

TEST_CASE("RTP that no SIP claims becomes one media-only call with both directions") {
  Story story;
  for (unsigned i = 0; i < 100; ++i) {
    story.rtp(kCallerRtp, kCalleeRtp, 0xA, i).rtp(kCalleeRtp, kCallerRtp, 0xB, i).after(20);
  }
  story.finish();
  REQUIRE(story.calls.size() == 1);
  const FinishedCall& call = story.calls[0];
  CHECK(call.state == CallState::kMediaOnly);
  CHECK(call.call_id.empty());
  REQUIRE(call.streams.size() == 2);
  CHECK(stream_of(call, 0xA)->side == Side::kCaller);
  CHECK(stream_of(call, 0xB)->side == Side::kCallee);
  CHECK(count_packets(stream_of(call, 0xA)->spooled) == 100);
}

TEST_CASE("a media-only call ends with its silence, not with the capture") {
  Story story;
  story.speech(kCallerRtp, kCalleeRtp, 0xA, 100);
  story.after(120'000).udp("198.51.100.1:9", "198.51.100.2:9", "clock");
  REQUIRE(story.calls.size() == 1);
  CHECK(story.calls[0].release.reason == "media silence");
  story.finish();
  CHECK(story.calls.size() == 1);
}

TEST_CASE("strangers whose bytes happen to look like RTP become no call, and are counted") {
  Story story;
  Writer answer;  // DNS with an id that has RTP's version bits
  answer.u16(0x8123).u16(0x8180).zeros(40);
  for (int i = 0; i < 20; ++i) {
    story.send(udp("192.0.2.53:53", "192.0.2.1:3333", Bytes(answer.octets()))).after(300);
  }
  story.finish();
  CHECK(story.calls.empty());
  CHECK(story.accounting()[Outcome::kUnclaimed] == 20);
}

TEST_CASE("a copy from the mirror is counted and recorded once") {
  Story story;
  const Dialog dialog{.call_id = "twice"};
  answer(story, dialog, kCallerRtp, kCalleeRtp);
  for (unsigned i = 0; i < 50; ++i) {
    story.rtp(kCallerRtp, kCalleeRtp, 0xA, i).rtp(kCallerRtp, kCalleeRtp, 0xA, i).after(20);
  }
  story.finish();
  REQUIRE(story.calls.size() == 1);
  CHECK(story.calls[0].streams[0].packets == 50);
  CHECK(story.calls[0].streams[0].duplicates == 50);
  CHECK(story.accounting()[Outcome::kDuplicate] == 50);
}

TEST_CASE("a sender that starts again with old sequence numbers is no copy") {
  Story story;
  const Dialog dialog{.call_id = "again"};
  answer(story, dialog, kCallerRtp, kCalleeRtp);
  Writer packet;
  story.speech(kCallerRtp, kCalleeRtp, 0xA, 20);
  packet.u8(0x80).u8(0).u16(5).u32(900'000).u32(0xA).zeros(160);  // sequence 5, another time
  story.send(udp(kCallerRtp, kCalleeRtp, Bytes(packet.octets()))).finish();
  CHECK(story.calls[0].streams[0].packets == 21);
  CHECK(story.accounting()[Outcome::kDuplicate] == 0);
}

TEST_CASE("a port that the next call takes within a second goes to the right call") {
  Story story;
  const Dialog first{.call_id = "first"};
  const Dialog second{.call_id = "second"};
  answer(story, first, kCallerRtp, kCalleeRtp);
  story.speech(kCallerRtp, kCalleeRtp, 0xA, 50);
  story.udp(first.caller, first.callee, first.bye()).after(100);
  answer(story, second, "192.0.2.2:4000", kCalleeRtp);
  story.speech("192.0.2.2:4000", kCalleeRtp, 0xC, 70);
  story.finish();

  REQUIRE(story.calls.size() == 2);
  REQUIRE(story.call("first")->streams.size() == 1);
  CHECK(story.call("first")->streams[0].packets == 50);
  REQUIRE(story.call("second")->streams.size() == 1);
  CHECK(story.call("second")->streams[0].packets == 70);
}

TEST_CASE("the next call on the same port goes to the right call even with the same SSRC") {
  Story story;
  const Dialog first{.call_id = "first"};
  const Dialog second{.call_id = "second"};
  answer(story, first, kCallerRtp, kCalleeRtp);
  story.speech(kCallerRtp, kCalleeRtp, 0xA, 50);
  story.udp(first.caller, first.callee, first.bye()).after(100);
  answer(story, second, kCallerRtp, kCalleeRtp);
  story.speech(kCallerRtp, kCalleeRtp, 0xA, 70);
  story.finish();

  CHECK(story.call("first")->streams.at(0).packets == 50);
  CHECK(story.call("second")->streams.at(0).packets == 70);
}

TEST_CASE("two legs on one port of the exchange are told apart by their other end") {
  Story story;
  const Dialog outside{.call_id = "outside"};
  const Dialog inside{.call_id = "inside", .caller = "192.0.2.9:5060", .callee = "192.0.2.7:5060"};
  answer(story, outside, kCallerRtp, kCalleeRtp);
  answer(story, inside, kCalleeRtp, "192.0.2.7:8000");
  story.speech(kCallerRtp, kCalleeRtp, 0xA, 30).speech("192.0.2.7:8000", kCalleeRtp, 0xB, 40);
  story.finish();

  REQUIRE(story.call("outside")->streams.size() == 1);
  CHECK(story.call("outside")->streams[0].ssrc == 0xA);
  CHECK(story.call("outside")->streams[0].side == Side::kCaller);
  REQUIRE(story.call("inside")->streams.size() == 1);
  CHECK(story.call("inside")->streams[0].ssrc == 0xB);
  CHECK(story.call("inside")->streams[0].side == Side::kCallee);
}

TEST_CASE("media that a back-to-back user agent lets flow directly is heard in both legs") {
  Story story;
  const Dialog outside{.call_id = "outside"};
  const Dialog inside{.call_id = "inside", .caller = "192.0.2.9:5060", .callee = "192.0.2.7:5060"};
  answer(story, outside, kCallerRtp, "192.0.2.7:8000");
  answer(story, inside, kCallerRtp, "192.0.2.7:8000");
  story.speech(kCallerRtp, "192.0.2.7:8000", 0xA, 30).finish();

  for (const char* id : {"outside", "inside"}) {
    REQUIRE(story.call(id)->streams.size() == 1);
    CHECK(story.call(id)->streams[0].packets == 30);
    CHECK(count_packets(story.call(id)->streams[0].spooled) == 30);
  }
}

TEST_CASE("behind NAT the claimed source tells whose voice it is") {
  Story story;
  const Dialog dialog{.call_id = "nat"};
  answer(story, dialog, "10.0.0.5:4000", kCalleeRtp);  // the caller knows only its private address
  story.speech("203.0.113.9:61000", kCalleeRtp, 0xA, 20);
  story.speech(kCalleeRtp, "203.0.113.9:61000", 0xB, 20).finish();
  REQUIRE(story.calls.size() == 1);
  REQUIRE(story.calls[0].streams.size() == 2);
  CHECK(stream_of(story.calls[0], 0xA)->side == Side::kCaller);
  CHECK(stream_of(story.calls[0], 0xB)->side == Side::kCallee);
}

TEST_CASE("RTCP goes with the signalling of its call") {
  Story story;
  const Dialog dialog{.call_id = "report"};
  answer(story, dialog, kCallerRtp, kCalleeRtp);
  Writer report;
  report.u8(0x80).u8(200).u16(6).u32(0xA).zeros(20);
  story.send(udp("192.0.2.1:4001", "192.0.2.9:6001", Bytes(report.octets()))).finish();
  CHECK(story.accounting()[Outcome::kRtcp] == 1);
  CHECK(count_packets(story.calls.at(0).signalling) == 5);
}

TEST_CASE(
    "RTCP on a port that the next call took over goes with that call, and with none after it") {
  Story story;
  const Dialog first{.call_id = "first"};
  const Dialog second{.call_id = "second"};
  Writer report;
  report.u8(0x80).u8(200).u16(6).u32(0xA).zeros(20);
  const Carried rtcp = udp("192.0.2.1:4001", "192.0.2.9:6001", Bytes(report.octets()));
  answer(story, first, kCallerRtp, kCalleeRtp);
  story.udp(first.caller, first.callee, first.bye()).after(100);
  answer(story, second, kCallerRtp, kCalleeRtp);
  story.send(rtcp).udp(second.caller, second.callee, second.bye()).after(60'000);
  story.send(rtcp);  // nobody's, though counted
  REQUIRE(story.calls.size() == 2);
  CHECK(count_packets(story.call("first")->signalling) == 5);
  CHECK(count_packets(story.call("second")->signalling) == 6);
  answer(story, {.call_id = "third"}, "192.0.2.3:4000", "192.0.2.8:6000");
  story.finish();
  CHECK(count_packets(story.call("third")->signalling) == 4);
  CHECK(story.stats().spool.packets == 5 + 6 + 4);  // the last report went to no dead leg
  CHECK(story.accounting()[Outcome::kRtcp] == 2);
}

TEST_CASE("T.38 after a re-INVITE is kept and counted as what it is") {
  Story story;
  const Dialog dialog{.call_id = "fax"};
  answer(story, dialog, kCallerRtp, kCalleeRtp);
  story.speech(kCallerRtp, kCalleeRtp, 0xA, 10);
  story.udp(dialog.caller, dialog.callee, dialog.invite(sdp(kCallerRtp, "image", "udptl t38"), 2));
  story.udp(dialog.callee, dialog.caller,
            dialog.response("200 OK", sdp(kCalleeRtp, "image", "udptl t38"), 2));
  for (unsigned i = 0; i < 8; ++i) {
    story.send(udp(kCallerRtp, kCalleeRtp, Bytes(Writer().u16(i).u8(1).u8(6).octets()))).after(40);
  }
  story.finish();
  CHECK(story.accounting()[Outcome::kT38] == 8);
  REQUIRE(story.calls.at(0).streams.size() == 2);
  CHECK(stream_of(story.calls[0], 0)->kind == MediaKind::kImage);
  CHECK(stream_of(story.calls[0], 0)->packets == 8);
}

TEST_CASE("T.38 whose numbers make it look like RTP and RTCP is T.38 all the same") {
  Story story;
  const Dialog dialog{.call_id = "long fax"};
  answer(story, dialog, kCallerRtp, kCalleeRtp);
  story.udp(dialog.caller, dialog.callee, dialog.invite(sdp(kCallerRtp, "image", "udptl t38"), 2));
  story.udp(dialog.callee, dialog.caller,
            dialog.response("200 OK", sdp(kCalleeRtp, "image", "udptl t38"), 2));
  constexpr unsigned kFirst = 0x7FC0;
  constexpr unsigned kPackets = 1000;
  for (unsigned i = kFirst; i < kFirst + kPackets; ++i) {
    Writer udptl;
    udptl.u16(i).u8(10).bytes(Octets(10, std::byte{0xC0})).u8(0).u8(0);
    story.send(udp(kCallerRtp, kCalleeRtp, Bytes(udptl.octets()))).after(30);
  }
  story.finish();
  CHECK(story.accounting()[Outcome::kT38] == kPackets);
  REQUIRE(stream_of(story.calls.at(0), 0) != nullptr);
  CHECK(stream_of(story.calls[0], 0)->packets == kPackets);
}

TEST_CASE("packets that trail behind the BYE make no call of their own") {
  Story story;
  const Dialog dialog{.call_id = "tail"};
  answer(story, dialog, kCallerRtp, kCalleeRtp);
  story.speech(kCallerRtp, kCalleeRtp, 0xA, 50);
  story.udp(dialog.caller, dialog.callee, dialog.bye());
  story.speech(kCallerRtp, kCalleeRtp, 0xA, 400, 51).finish();  // eight seconds more
  REQUIRE(story.calls.size() == 1);
  CHECK(story.calls[0].streams.at(0).packets >= 290);  // the linger belongs to the call
  CHECK(story.accounting()[Outcome::kUnclaimed] > 0);
}

TEST_CASE("a call that the capture's end cuts off ends with its last packet") {
  Story story;
  const Dialog dialog{.call_id = "cut"};
  answer(story, dialog, kCallerRtp, kCalleeRtp);
  story.speech(kCallerRtp, kCalleeRtp, 0xA, 99).finish();
  CHECK(story.calls.at(0).state == CallState::kInterrupted);
  CHECK(story.calls[0].end == story.calls[0].streams.at(0).last);
}

TEST_CASE("an announcement that starts as the call is refused belongs to that call") {
  Story story;
  const Dialog dialog{.call_id = "refused"};
  story.udp(dialog.caller, dialog.callee, dialog.invite(sdp(kCallerRtp))).after(50);
  story.udp(dialog.callee, dialog.caller, dialog.response("480 Unavailable")).after(1500);
  story.speech(kCalleeRtp, kCallerRtp, 0xB, 30).finish();
  REQUIRE(story.calls.size() == 1);
  CHECK(story.calls[0].streams.at(0).packets == 30);
}

TEST_CASE("RTP on a port just freed that came before its SDP goes to the new call, whole") {
  Story story;
  const Dialog first{.call_id = "first"};
  const Dialog second{.call_id = "second", .caller = "192.0.2.2:5060"};
  answer(story, first, kCallerRtp, kCalleeRtp);
  story.speech(kCallerRtp, kCalleeRtp, 0xA, 50);
  story.udp(first.caller, first.callee, first.bye()).after(100);
  story.udp(second.caller, second.callee, second.invite(sdp("192.0.2.2:4000"))).after(50);
  story.speech("192.0.2.2:4000", kCalleeRtp, 0xC, 20);
  story.udp(second.callee, second.caller, second.response("200 OK", sdp(kCalleeRtp)));
  story.speech("192.0.2.2:4000", kCalleeRtp, 0xC, 20, 21).finish();
  REQUIRE(story.call("first")->streams.size() == 1);
  CHECK(story.call("first")->streams[0].ssrc == 0xA);
  CHECK(story.call("second")->streams.at(0).packets == 40);
}

TEST_CASE("a leg that comes back after a refusal has its media again") {
  Story story;
  const Dialog dialog{.call_id = "back"};
  story.udp(dialog.caller, dialog.callee, dialog.invite(sdp(kCallerRtp))).after(50);
  story.udp(dialog.callee, dialog.caller, dialog.response("503 Service Unavailable")).after(300);
  story.udp(dialog.callee, dialog.caller, dialog.response("200 OK", sdp(kCalleeRtp))).after(10);
  story.speech(kCallerRtp, kCalleeRtp, 0xA, 30).speech(kCalleeRtp, kCallerRtp, 0xB, 30).finish();
  REQUIRE(story.calls.size() == 1);
  CHECK(story.calls[0].streams.size() == 2);
}

TEST_CASE("a sender that talks on long after its call is something new, and is kept") {
  Story story;
  const Dialog dialog{.call_id = "ended"};
  answer(story, dialog, kCallerRtp, kCalleeRtp);
  story.speech(kCallerRtp, kCalleeRtp, 0xA, 50);
  story.udp(dialog.caller, dialog.callee, dialog.bye());
  story.speech(kCallerRtp, kCalleeRtp, 0xA, 1000, 51).finish();  // twenty seconds
  REQUIRE(story.calls.size() == 2);
  CHECK(story.calls[1].state == CallState::kMediaOnly);
}

TEST_CASE("a full stream table counts what it refuses and harms no other stream") {
  CaptureOptions options;
  options.max_streams = 4;
  Story story(options);
  const Dialog dialog{.call_id = "crowd"};
  answer(story, dialog, kCallerRtp, kCalleeRtp);
  story.speech(kCallerRtp, kCalleeRtp, 0xA, 10);
  for (unsigned ssrc = 100; ssrc < 120; ++ssrc) {
    story.rtp("198.51.100.1:7000", "198.51.100.2:7000", ssrc, 1);
  }
  story.speech(kCallerRtp, kCalleeRtp, 0xA, 10, 11).finish();
  CHECK(story.call("crowd")->streams.at(0).packets == 20);
  CHECK(story.accounting()[Outcome::kUnclaimed] == 20);
}

TEST_CASE("SIP is known by what it says, on whatever ports") {
  Story story;
  const Dialog dialog{.call_id = "ports", .caller = "192.0.2.1:49321", .callee = "192.0.2.9:16384"};
  answer(story, dialog, kCallerRtp, kCalleeRtp);
  story.udp(dialog.caller, dialog.callee, dialog.bye()).after(5000).finish();
  REQUIRE(story.calls.size() == 1);
  CHECK(story.calls[0].state == CallState::kAnswered);
  CHECK(story.accounting()[Outcome::kSip] == 5);
}

TEST_CASE("SIP over TCP is a call like any other, and a segment with two messages is kept once") {
  Story story;
  const Dialog dialog{.call_id = "tcp"};
  const std::string offer = dialog.invite(sdp(kCallerRtp));
  const std::string both =
      dialog.response("180 Ringing") + dialog.response("200 OK", sdp(kCalleeRtp));
  story.send(tcp(dialog.caller, dialog.callee, 1000, offer)).after(100);
  story.send(tcp(dialog.callee, dialog.caller, 5000, both)).after(10);
  story.speech(kCallerRtp, kCalleeRtp, 0xA, 10).finish();
  REQUIRE(story.calls.size() == 1);
  CHECK(story.calls[0].ringing.has_value());
  CHECK(story.calls[0].answered.has_value());
  CHECK(story.calls[0].streams.at(0).packets == 10);
  CHECK(count_packets(story.calls[0].signalling) == 2);
  CHECK(story.accounting()[Outcome::kSip] == 2);
}

}  // namespace
}  // namespace koegura::capture::test
