#include "decode/call_quality.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "call_builder.h"
#include "rtcp_log.h"

namespace koegura::decode::test {
namespace {

using doctest::Approx;

constexpr std::uint32_t kCallerSsrc = 0xCA11;
constexpr std::uint32_t kCalleeSsrc = 0xCEE;
constexpr const char* kCallerRtcp = "192.0.2.1:4001";
constexpr const char* kCalleeRtcp = "192.0.2.2:5001";
constexpr std::byte kLoud{0x10};
constexpr std::byte kSilent{0xFF};

struct Block {
  std::uint32_t source = 0;
  std::uint32_t lost = 0;
  std::uint32_t highest = 0;
  std::uint32_t last_sender_report = 0;
  std::uint32_t delay_since = 0;
};

// A sender report with one reception block.
Octets report(std::uint32_t ssrc, std::uint32_t ntp_middle, std::uint32_t packets,
              const Block& block) {
  capture::test::Writer out;
  out.u32(0x81C8000C).u32(ssrc);
  out.u32(ntp_middle >> 16U).u32(ntp_middle << 16U).u32(0).u32(packets).u32(packets * 160);
  out.u32(block.source).u32(block.lost).u32(block.highest).u32(80);
  out.u32(block.last_sender_report).u32(block.delay_since);
  return out.octets();
}

// Both sides talk for so long; these packets of the caller are missing here.
void talk(CallBuilder& call, double ms, const std::set<int>& missing) {
  call.lasts_ms(ms);
  StreamBuilder& caller = call.stream(Side::kCaller, kCallerSsrc);
  for (int i = 0; i * 20 < ms; ++i) {
    if (missing.contains(i)) continue;
    caller.rtp({.at_ms = i * 20.0,
                .sequence = static_cast<std::uint16_t>(i),
                .timestamp = static_cast<std::uint32_t>(i * 160),
                .payload = Octets(160, kLoud)});
  }
  say(call.stream(Side::kCallee, kCalleeSsrc), {.to_ms = ms, .code = kSilent});
}

const Span& loss_at(const RenderedCall& rendered, double at_s) {
  const auto found = std::find_if(rendered.spans.begin(), rendered.spans.end(), [&](const Span& s) {
    return s.kind == SpanKind::kLoss && s.from_s <= at_s + 0.001 && s.to_s > at_s + 0.001;
  });
  REQUIRE(found != rendered.spans.end());
  return *found;
}

TEST_CASE("what both ends report tells for each loss who lost it") {
  CallBuilder call;
  // 100: the receiver had it. 300, 301: it missed them. 450: nobody tells.
  talk(call, 10'000, {100, 300, 301, 450});
  const Block first{.source = kCallerSsrc, .lost = 0, .highest = 199};
  const Block second{.source = kCallerSsrc, .lost = 2, .highest = 399};
  call.signalled(4010, kCalleeRtcp, kCallerRtcp, report(kCalleeSsrc, 0x10000, 200, first));
  call.signalled(8010, kCalleeRtcp, kCallerRtcp, report(kCalleeSsrc, 0x50000, 400, second));
  const RenderedCall rendered = call.render();
  CHECK(loss_at(rendered, 2.0).lost_by == LostBy::kTap);
  CHECK(loss_at(rendered, 6.0).lost_by == LostBy::kNetwork);
  CHECK(loss_at(rendered, 9.0).lost_by == LostBy::kUnknown);
  const StreamQuality& quality = rendered.streams[0].quality;
  CHECK(rendered.streams[0].lost == 4);
  CHECK(quality.losses.tap == 1);
  CHECK(quality.losses.network == 2);
  CHECK(quality.losses.unknown == 1);
  CHECK(quality.losses.sender == 0);
  CHECK(quality.longest_loss == 2);
  CHECK(quality.reports.reception_reports == 2);
  CHECK(quality.reports.sender_reports == 0);
  CHECK(quality.reports.lost == 2);
  CHECK(quality.reports.jitter_ms == Approx(10));
  CHECK(rendered.streams[1].quality.reports.sender_reports == 2);
  CHECK(rendered.streams[1].quality.reports.packets_sent == 400);
  CHECK(rendered.streams[1].quality.losses.unknown == 0);
  CHECK(rendered.quality.rtcp_packets == 2);
  CHECK(rendered.quality.rtcp_unreadable == 0);
}

// An extended report (RFC 3611) with the metrics of one stream (§4.7).
Octets metrics(std::uint32_t reporter, std::uint32_t source, unsigned loss_rate,
               unsigned discard_rate, unsigned mos_listening) {
  capture::test::Writer out;
  out.u32(0x80CF000A).u32(reporter).u32(0x07000008).u32(source);
  out.u8(loss_rate).u8(discard_rate).zeros(2);  // and densities of bursts and gaps
  out.zeros(4).zeros(4).zeros(4);               // durations, delays, levels
  out.u8(93).u8(127).u8(mos_listening).u8(41);  // R, external R, MOS-LQ, MOS-CQ
  return out.zeros(8).octets();                 // the jitter buffer
}

TEST_CASE(
    "what a receiver says of the voice (XR) stands with the stream it is of, the latest of it") {
  CallBuilder call;
  talk(call, 10'000, {});
  call.signalled(2000, kCalleeRtcp, kCallerRtcp, metrics(kCalleeSsrc, kCallerSsrc, 128, 128, 11));
  call.signalled(6000, kCalleeRtcp, kCallerRtcp, metrics(kCalleeSsrc, kCallerSsrc, 64, 32, 42));
  SUBCASE("in full") {
    const RenderedCall rendered = call.render();
    const StreamReports& reports = rendered.streams[0].quality.reports;
    REQUIRE(reports.mos);
    CHECK(*reports.mos == Approx(4.2));
    REQUIRE(reports.lost_pct);
    CHECK(*reports.lost_pct == Approx(25));
    REQUIRE(reports.discarded_pct);
    CHECK(*reports.discarded_pct == Approx(12.5));
    CHECK_FALSE(rendered.streams[1].quality.reports.mos);
    CHECK_FALSE(rendered.streams[1].quality.reports.lost_pct);
    CHECK(rendered.quality.rtcp_packets == 2);
    CHECK(rendered.quality.rtcp_unreadable == 0);
  }
  SUBCASE("a MOS that the receiver cannot tell is none") {
    call.signalled(7000, kCalleeRtcp, kCallerRtcp, metrics(kCalleeSsrc, kCallerSsrc, 0, 0, 127));
    const RenderedCall rendered = call.render();
    const StreamReports& reports = rendered.streams[0].quality.reports;
    CHECK_FALSE(reports.mos);
    REQUIRE(reports.lost_pct);
    CHECK(*reports.lost_pct == 0);
  }
}

// RFC 3550 appendix A.8, by hand: J += (|D| - J) / 16, in order of arrival.
TEST_CASE("jitter is RFC 3550's, packet for packet") {
  struct Step {
    double delay_ms;  // of the packet on its way
    double jitter_ms;
  };
  const Step steps[] = {
      {0, 0},
      {5, 0.3125},              // |D| = 5
      {5, 0.29296875},          // 0
      {25, 1.524658203125},     // 20
      {0, 2.9918670654296875},  // 25: the clock of the wire goes on, the packet is early again
      {8, 3.304875373840332},   // 8
  };
  for (std::size_t packets = 1; packets <= std::size(steps); ++packets) {
    CAPTURE(packets);
    CallBuilder call;
    StreamBuilder& stream = call.stream(Side::kCaller, kCallerSsrc);
    for (std::uint32_t i = 0; i < packets; ++i) {
      stream.rtp({.at_ms = i * 20.0 + steps[i].delay_ms,
                  .sequence = static_cast<std::uint16_t>(i),
                  .timestamp = i * 160,
                  .payload = Octets(160, kLoud)});
    }
    CHECK(call.render().streams[0].jitter_ms == Approx(steps[packets - 1].jitter_ms).epsilon(1e-9));
  }
}

TEST_CASE(
    "jitter counts lost, overtaken and other codecs' packets as they arrive, events not at all") {
  CallBuilder call;
  call.format(Side::kCaller,
              {.payload_type = 0, .encoding = "PCMU", .clock_rate = 8000, .fmtp = ""});
  call.format(Side::kCaller,
              {.payload_type = 101, .encoding = "telephone-event", .clock_rate = 8000, .fmtp = ""});
  StreamBuilder& stream = call.stream(Side::kCaller, kCallerSsrc);
  const auto arrive = [&](double ms, std::uint16_t number, std::uint32_t timestamp,
                          std::uint8_t type = 0) {
    stream.rtp({.at_ms = ms,
                .sequence = number,
                .timestamp = timestamp,
                .payload_type = type,
                .payload = Octets(type == 0 ? 160 : 4, kLoud)});
  };
  arrive(0, 0, 0);
  arrive(60, 3, 480);        // two are on their way still; |D| = 0
  arrive(62, 1, 160);        // 2 - -40 = 42
  arrive(62.5, 2, 320);      // 0.5 - 20 = -19.5
  arrive(200, 4, 640, 101);  // says the time of its beginning again and again
  arrive(220, 5, 640, 101);
  arrive(122.5 + 100, 6, 960);  // 160 - 80 = 80
  const double first = 42.0 / 16;
  const double second = first + (19.5 - first) / 16;
  const double third = second + (80 - second) / 16;
  CHECK(call.render().streams[0].jitter_ms == Approx(third).epsilon(1e-9));
}

TEST_CASE("a sender that left numbers out lost nothing") {
  CallBuilder call;
  talk(call, 20'000, {300, 301, 302, 303});
  for (int i = 1; i <= 4; ++i) {
    const auto numbers = static_cast<std::uint32_t>(i * 240);
    const std::uint32_t left_out = numbers > 300 ? 4 : 0;
    const Block block{.source = kCallerSsrc, .lost = left_out, .highest = numbers - 1};
    call.signalled(
        i * 4800.0 - 10, kCallerRtcp, kCalleeRtcp,
        report(kCallerSsrc, static_cast<std::uint32_t>(i) << 16U, numbers - left_out, {}));
    call.signalled(i * 4800.0 - 5, kCalleeRtcp, kCallerRtcp,
                   report(kCalleeSsrc, static_cast<std::uint32_t>(i) << 16U, numbers, block));
  }
  const RenderedCall rendered = call.render();
  CHECK(loss_at(rendered, 6.0).lost_by == LostBy::kSender);
  CHECK(rendered.streams[0].quality.losses.sender == 4);
}

TEST_CASE("round trips are measured from here to each end and back, and added up") {
  CallBuilder call;
  talk(call, 10'000, {});
  // The caller's report passes at 2 s; the callee holds it for 1 s and answers 40 ms later.
  const Block to_caller{.source = kCallerSsrc,
                        .highest = 140,
                        .last_sender_report = 0x00020000,
                        .delay_since = 65536};
  const Block to_callee{.source = kCalleeSsrc,
                        .highest = 240,
                        .last_sender_report = 0x00030000,
                        .delay_since = 2 * 65536};
  call.signalled(2000, kCallerRtcp, kCalleeRtcp, report(kCallerSsrc, 0x00020000, 100, {}));
  call.signalled(3040, kCalleeRtcp, kCallerRtcp, report(kCalleeSsrc, 0x00030000, 150, to_caller));
  call.signalled(5100, kCallerRtcp, kCalleeRtcp, report(kCallerSsrc, 0x00050000, 250, to_callee));
  const RenderedCall rendered = call.render();
  REQUIRE(rendered.streams[0].quality.reports.round_trip_ms);
  CHECK(*rendered.streams[0].quality.reports.round_trip_ms == Approx(40));
  REQUIRE(rendered.streams[1].quality.reports.round_trip_ms);
  CHECK(*rendered.streams[1].quality.reports.round_trip_ms == Approx(60));
  REQUIRE(rendered.quality.round_trip_ms);
  CHECK(*rendered.quality.round_trip_ms == Approx(100));
}

TEST_CASE("a long way between the two costs MOS") {
  const auto mos = [](double round_trip_ms) {
    CallBuilder call;
    talk(call, 6'000, {});
    for (const bool caller : {true, false}) {
      const std::uint32_t sender = caller ? kCallerSsrc : kCalleeSsrc;
      const std::uint32_t receiver = caller ? kCalleeSsrc : kCallerSsrc;
      const char* here = caller ? kCallerRtcp : kCalleeRtcp;
      const char* there = caller ? kCalleeRtcp : kCallerRtcp;
      const std::uint32_t ntp = caller ? 0x00020000 : 0x00070000;
      call.signalled(caller ? 1000 : 1001, here, there, report(sender, ntp, 50, {}));
      call.signalled((caller ? 3000 : 3001) + round_trip_ms / 2, there, here,
                     report(receiver, ntp + 5, 50,
                            {.source = sender,
                             .highest = 90,
                             .last_sender_report = ntp,
                             .delay_since = 2 * 65536}));
    }
    return call.render().streams[0].mos;
  };
  CHECK(mos(20) > 4.3);
  CHECK(mos(600) < 4.0);
}

TEST_CASE("RTCP that cannot be read is counted, and changes nothing") {
  CallBuilder call;
  talk(call, 3'000, {100});
  Octets secured = report(kCalleeSsrc, 1, 100, {.source = kCallerSsrc, .highest = 120});
  secured.insert(secured.end(), 14, std::byte{0x5A});
  call.signalled(2500, kCalleeRtcp, kCallerRtcp, secured);
  const RenderedCall rendered = call.render();
  CHECK(rendered.quality.rtcp_packets == 1);
  CHECK(rendered.quality.rtcp_unreadable == 1);
  CHECK(loss_at(rendered, 2.0).lost_by == LostBy::kUnknown);
  CHECK(rendered.streams[0].quality.losses.unknown == 1);
}

TEST_CASE("of a relayed stream the reports of this hop count") {
  CallBuilder call;
  talk(call, 6'000, {100});
  // Another hop's receiver, of the same SSRC, missed ten.
  call.signalled(4000, "192.0.2.99:7001", "192.0.2.98:7001",
                 report(0x99, 1, 0, {.source = kCallerSsrc, .lost = 10, .highest = 199}));
  call.signalled(4010, kCalleeRtcp, kCallerRtcp,
                 report(kCalleeSsrc, 1, 0, {.source = kCallerSsrc, .lost = 0, .highest = 199}));
  const RenderedCall rendered = call.render();
  CHECK(loss_at(rendered, 2.0).lost_by == LostBy::kTap);
  CHECK(rendered.streams[0].quality.reports.lost == 0);
}

TEST_CASE("speech figures stand with the stream that is heard") {
  CallBuilder call;
  call.lasts_ms(10'000);
  StreamBuilder& caller = call.stream(Side::kCaller, kCallerSsrc);
  say(caller, {.to_ms = 2000, .code = kSilent});
  say(caller, {.from_ms = 2000, .to_ms = 6000, .code = kLoud});
  say(caller, {.from_ms = 6000, .to_ms = 10'000, .code = kSilent});
  StreamBuilder& callee = call.stream(Side::kCallee, kCalleeSsrc);
  say(callee, {.to_ms = 5000, .code = kSilent});
  say(callee, {.from_ms = 5000, .to_ms = 10'000, .code = kLoud});
  const RenderedCall rendered = call.render();
  const StreamQuality& quality = rendered.streams[0].quality;
  CHECK(quality.talk_s == Approx(4.2).epsilon(0.01));
  REQUIRE(quality.silence_ratio);
  CHECK(*quality.silence_ratio == Approx(0.58).epsilon(0.01));
  REQUIRE(quality.level_dbov);
  CHECK(*quality.level_dbov == Approx(20 * std::log10(15996.0 / 32768)).epsilon(0.01));
  CHECK(rendered.streams[1].quality.talk_s == Approx(5).epsilon(0.01));
  CHECK(rendered.quality.double_talk_s == Approx(1.2).epsilon(0.02));
}

TEST_CASE("a side of which nothing came, though both would talk, is one-way") {
  const auto one_way = [](capture::MediaDirection direction, bool callee_talks) {
    CallBuilder call;
    call.format(Side::kCaller, format(0, "PCMU")).format(Side::kCallee, format(0, "PCMU"));
    for (auto& media : call.call().media) media.direction = direction;
    call.lasts_ms(5000);
    say(call.stream(Side::kCaller, kCallerSsrc), {.to_ms = 5000});
    if (callee_talks) say(call.stream(Side::kCallee, kCalleeSsrc), {.to_ms = 5000});
    return call.render().quality.one_way;
  };
  CHECK(one_way(capture::MediaDirection::kSendRecv, false) == Side::kCallee);
  CHECK_FALSE(one_way(capture::MediaDirection::kSendRecv, true));
  CHECK_FALSE(one_way(capture::MediaDirection::kSendOnly, false));
}

TEST_CASE("delay variation and bursts are told of each stream") {
  CallBuilder call;
  call.lasts_ms(20'000);
  StreamBuilder& caller = call.stream(Side::kCaller, kCallerSsrc);
  for (int i = 0; i < 1000; ++i) {
    if (i >= 500 && i < 510) continue;
    caller.rtp({.at_ms = i * 20.0 + i % 10,
                .sequence = static_cast<std::uint16_t>(i),
                .timestamp = static_cast<std::uint32_t>(i * 160),
                .payload = Octets(160, kLoud)});
  }
  const RenderedCall rendered = call.render();
  const StreamQuality& quality = rendered.streams[0].quality;
  CHECK(quality.delay_variation_p50_ms == Approx(4));
  CHECK(quality.delay_variation_p95_ms == Approx(9));
  CHECK(quality.delay_variation_max_ms == Approx(9));
  CHECK(quality.burst_ratio == Approx(9.9));
  CHECK(quality.longest_loss == 10);
}

TEST_CASE("a log of many reports stays bounded, and keeps first and last") {
  RtcpLog log;
  capture::FinishedStream stream;
  stream.ssrc = 7;
  constexpr std::uint32_t kMany = 100'000;
  for (std::uint32_t i = 1; i <= kMany; ++i) {
    capture::RtcpReports reports;
    reports.senders.push_back({.ssrc = 7, .packets = i});
    reports.senders.push_back({.ssrc = 1000 + i, .packets = i});
    log.add(at_ms(i), {}, reports);
  }
  const SentLog* sent = log.sent(stream);
  REQUIRE(sent != nullptr);
  CHECK(sent->count == kMany);
  CHECK(sent->reports.size() <= RtcpLog::kMaxReports);
  CHECK(sent->reports.front().packets == 1);
  CHECK(sent->reports.back().packets == kMany);
  stream.ssrc = 1000 + kMany;
  CHECK(log.sent(stream) == nullptr);  // no room for so many sources
}

}  // namespace
}  // namespace koegura::decode::test
