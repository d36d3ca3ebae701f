// What stands beside the audio of a sender whose clock is wrong: silences, digits, late packets, a
// second hop.
#include <doctest/doctest.h>

#include <cmath>

#include "drifting_speaker.h"
#include "timeline_story.h"

namespace koegura::decode::test {
namespace {

constexpr double kFast = 1.02;
constexpr double kPacket_ms = 20;

// The nth packet of a speaker whose clock is 2 % fast.
Rtp fast_packet(unsigned n) {
  Rtp rtp = packet(n);
  rtp.at_ms = kPacket_ms * n / kFast;
  return rtp;
}

double true_s(unsigned n) {
  return kPacket_ms * n / kFast / 1e3;
}

TEST_CASE("a silence of a minute at 2 % has its true length, whether it is announced or not") {
  for (const bool announced : {true, false}) {
    CallBuilder call;
    StreamBuilder& stream = call.stream(Side::kCaller);
    constexpr unsigned kSilent = 1000;
    constexpr unsigned kAgain = 4000;
    constexpr unsigned kEnd = 5000;
    std::uint16_t sequence = 0;
    for (unsigned n = 0; n < kEnd; ++n) {
      if (n >= kSilent + (announced ? 1 : 0) && n < kAgain) continue;
      Rtp rtp = fast_packet(n);
      rtp.sequence = sequence++;
      if (n == kSilent) {
        rtp.payload_type = 13;
        rtp.payload = {std::byte{60}};
      }
      stream.rtp(rtp);
    }
    const RenderedCall rendered = call.render();
    CAPTURE(announced);
    const auto dtx = spans_of(rendered, SpanKind::kDtx);
    REQUIRE(dtx.size() == 1);
    CHECK(std::fabs(dtx[0].from_s - true_s(kSilent)) < 0.001);
    CHECK(std::fabs(dtx[0].to_s - true_s(kAgain)) < 0.001);
    CHECK(dtx[0].note == (announced ? "comfort noise" : ""));
    CHECK(spans_of(rendered, SpanKind::kLoss).empty());
    CHECK(spans_of(rendered, SpanKind::kNoMedia).size() <= 1);
    CHECK(rendered.streams[0].quality.delay_variation_max_ms < 1);
    const SenderClock& clock = rendered.streams[0].clock;
    CHECK(clock.error_ppm == doctest::Approx(20'000).epsilon(0.001));
    CHECK(clock.corrected_ms == doctest::Approx(true_s(kEnd) * 20).epsilon(0.01));
  }
}

TEST_CASE("a digit after a minute at 2 % stands, and is redacted, where it was pressed") {
  for (const bool redacting : {false, true}) {
    CallBuilder call;
    if (redacting) call.redacting();
    call.format(Side::kCaller, format(0, "PCMU"));
    call.format(Side::kCaller, format(101, "telephone-event"));
    StreamBuilder& stream = call.stream(Side::kCaller);
    constexpr unsigned kPressed = 3000;
    constexpr unsigned kPackets = 8;
    for (unsigned n = 0; n < 4000; ++n) {
      Rtp rtp = fast_packet(n);
      if (n >= kPressed && n < kPressed + kPackets) {
        const unsigned duration = (n - kPressed + 1) * kTicks;
        rtp.payload_type = 101;
        rtp.timestamp = packet(kPressed).timestamp;
        rtp.payload = {std::byte{5}, std::byte{10}, static_cast<std::byte>(duration >> 8U),
                       static_cast<std::byte>(duration & 0xFFU)};
      }
      stream.rtp(rtp);
    }
    const RenderedCall rendered = call.render();
    CAPTURE(redacting);
    REQUIRE(rendered.digits.size() == 1);
    CHECK(std::fabs(rendered.digits[0].at_s - true_s(kPressed)) < 0.025);
    if (!redacting) continue;
    const auto redacted = spans_of(rendered, SpanKind::kRedacted);
    REQUIRE(redacted.size() == 1);
    CHECK(std::fabs(redacted[0].from_s - true_s(kPressed)) < 0.06);
    CHECK(std::fabs(redacted[0].to_s - true_s(kPressed + kPackets)) < 0.06);
    // The packets of the event, and of the voice at the margins.
    REQUIRE_FALSE(rendered.streams[0].redacted.empty());
    for (const PacketRange& range : rendered.streams[0].redacted) {
      CHECK(range.from >= kPressed - 5);
      CHECK(range.to <= kPressed + kPackets + 5);
    }
  }
}

TEST_CASE("a packet that is late by five seconds at 2 % is noted where its place is") {
  CallBuilder call;
  StreamBuilder& stream = call.stream(Side::kCaller);
  constexpr unsigned kLate = 3000;
  constexpr unsigned kComes = kLate + 300;
  for (unsigned n = 0; n < 4000; ++n) {
    if (n != kLate) stream.rtp(fast_packet(n));
    if (n != kComes) continue;
    Rtp late = packet(kLate);
    late.at_ms = fast_packet(n).at_ms + 1;
    stream.rtp(late);
  }
  const RenderedCall rendered = call.render();
  const auto late = spans_of(rendered, SpanKind::kLate);
  REQUIRE(late.size() == 1);
  CHECK(std::fabs(late[0].from_s - true_s(kLate)) < 0.001);
  CHECK(late[0].note == "arrived 5.9 s late");
  const auto lost = spans_of(rendered, SpanKind::kLoss);
  REQUIRE(lost.size() == 1);
  CHECK(std::fabs(lost[0].from_s - true_s(kLate)) < 0.001);
}

TEST_CASE("two hops of one voice at 2 % fill each other's losses to the sample") {
  const Sound sound = Babble(5);
  Drift whole{.ppm = 20'000, .to_s = 60};
  CallBuilder reference;
  speak(reference.stream(Side::kCaller), sound, whole);
  const Heard wanted = listen(reference.lasts_ms(60e3).render(), reference.folder());

  CallBuilder call;
  Drift first = whole;
  first.copies = [](unsigned n) { return n % 50 == 20 ? 0 : 1; };
  speak(call.stream(Side::kCaller, 0x77), sound, first);
  Drift second = whole;
  second.jitter_ms = 3;
  second.late_ms = [](unsigned) { return 12.0; };
  second.copies = [](unsigned n) { return n % 50 == 40 || n % 50 == 41 || n < 500 ? 0 : 1; };
  speak(call.stream(Side::kCaller, 0x77).towards("192.0.2.9:6000"), sound, second);
  const RenderedCall rendered = call.lasts_ms(60e3).render();
  const Heard heard = listen(rendered, call.folder());
  REQUIRE(heard.caller.size() == wanted.caller.size());
  CHECK(rendered.streams[0].clock.error_ppm == rendered.streams[1].clock.error_ppm);
  // Nothing is lost from where there are two; at a border the filter of each knows its own side
  // only.
  const auto from = static_cast<std::size_t>(11 * kRate);
  int worst = 0;
  std::size_t silent = 0;
  for (std::size_t i = from; i < heard.caller.size() - 200; ++i) {
    const double packets = static_cast<double>(i) / kRate * kFast * 50;
    const double into = std::fmod(packets, 50);
    const bool beside = std::fabs(into - 20) < 0.2 || std::fabs(into - 21) < 0.2;
    if (!beside) worst = std::max(worst, std::abs(heard.caller[i] - wanted.caller[i]));
    silent = heard.caller[i] == 0 ? silent + 1 : 0;
    if (silent > 40) FAIL("a hole");
  }
  CHECK(worst <= 3);
  for (const Span& span : spans_of(rendered, SpanKind::kLoss)) CHECK(span.to_s < 11);
}

}  // namespace
}  // namespace koegura::decode::test
