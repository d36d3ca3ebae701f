// Calls whose clocks are wrong, rendered whole.
#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "drifting_speaker.h"
#include "timeline_story.h"

namespace koegura::decode::test {
namespace {

TEST_CASE("ten minutes without a pause at 2 %: in place, without a jump, and of the same length") {
  CallBuilder call;
  const Sound sound = Babble(3);
  const Drift drift{.ppm = 20'000, .from_s = 0.2, .to_s = 600, .jitter_ms = 5};
  speak(call.stream(Side::kCallee), sound, drift);
  const RenderedCall rendered = call.lasts_ms(600e3).render();
  const Heard heard = listen(rendered, call.folder());
  CHECK(worst_late_ms(heard.callee, sound, drift, 10, 1) <= 5);
  for (const SpanKind kind : {SpanKind::kLoss, SpanKind::kDtx, SpanKind::kLate}) {
    CHECK(spans_of(rendered, kind).empty());
  }
  // The rest is before and behind it.
  const auto nothing = part(heard.callee, 0, 0.19 * kRate);
  CHECK(is_silence(nothing));
}

TEST_CASE("half an hour without a pause, 150 ppm fast and in the end 50 slow: in place, unbroken") {
  CallBuilder call;
  const Sound sound = Babble(3);
  const Drift drift{.ppm = 150, .from_s = 0.2, .to_s = 1800, .wander_ppm = -200, .jitter_ms = 5};
  speak(call.stream(Side::kCallee), sound, drift);
  const RenderedCall rendered = call.lasts_ms(1800e3).render();
  const Heard heard = listen(rendered, call.folder());
  CHECK(worst_late_ms(heard.callee, sound, drift, 20, 1) <= 4);
  for (const SpanKind kind : {SpanKind::kLoss, SpanKind::kDtx, SpanKind::kLate}) {
    CHECK(spans_of(rendered, kind).empty());
  }
  const SenderClock& clock = rendered.streams[0].clock;
  CHECK(clock.error_ppm == doctest::Approx(50).epsilon(0.1));
  CHECK(clock.corrected_ms == doctest::Approx(1800 * 0.05).epsilon(0.02));
}

TEST_CASE("within the dead zone every sample stays as it was sent") {
  for (const double ppm : {0.0, 50.0, -50.0}) {
    CallBuilder call;
    StreamBuilder& stream = call.stream(Side::kCaller);
    constexpr unsigned kPackets = 3000;  // 60 s: 3 ms
    for (unsigned n = 0; n < kPackets; ++n) {
      Rtp rtp = packet(n);
      rtp.at_ms *= 1 - ppm / 1e6;
      stream.rtp(rtp);
    }
    const RenderedCall rendered = call.lasts_ms(60e3).render();
    CHECK(rendered.streams[0].lossless);
    const Heard heard = listen(rendered, call.folder());
    CAPTURE(ppm);
    // At 50 ppm it begins 1.5 ms off, so that it ends 1.5 ms off the other way.
    const std::size_t begins = ppm == 0 ? 0 : 12;
    const std::size_t whole = std::size_t{kPackets} * kTicks;
    std::size_t at = 0;
    while (at < 2 * begins && !is_voice(part(heard.caller, at, at + 1000), 0)) ++at;
    CHECK(is_voice(part(heard.caller, at, whole - 2 * begins), 0));
    CHECK(at <= begins);
  }
}

// What remains when the sine of this frequency that fits best is taken away, in dB below it.
double distortion_db(std::span<const std::int16_t> heard, double frequency) {
  double sines = 0;
  double cosines = 0;
  const double step = 2 * std::numbers::pi * frequency / kRate;
  const auto count = static_cast<double>(heard.size());
  for (std::size_t i = 0; i < heard.size(); ++i) {
    sines += heard[i] * std::sin(step * static_cast<double>(i));
    cosines += heard[i] * std::cos(step * static_cast<double>(i));
  }
  sines *= 2 / count;
  cosines *= 2 / count;
  double rest = 0;
  for (std::size_t i = 0; i < heard.size(); ++i) {
    const double angle = step * static_cast<double>(i);
    const double off = heard[i] - sines * std::sin(angle) - cosines * std::cos(angle);
    rest += off * off;
  }
  return 10 * std::log10((sines * sines + cosines * cosines) / 2 / (rest / count));
}

TEST_CASE("a sine stays a sine at its true frequency: 60 dB, and no click at any packet's border") {
  for (const double ppm : {20'000.0, -20'000.0, 700.0}) {
    for (const double frequency : {300.0, 1000.0, 3400.0}) {
      CallBuilder call;
      call.format(Side::kCaller, format(96, "L16"));
      const double omega = 2 * std::numbers::pi * frequency;
      const Sound sine = [&](double t) { return 12'000 * std::sin(omega * t); };
      speak(call.stream(Side::kCaller), sine, {.ppm = ppm, .to_s = 30}, 96);
      const RenderedCall rendered = call.lasts_ms(30e3).render();
      const Heard heard = listen(rendered, call.folder());
      CAPTURE(ppm);
      CAPTURE(frequency);
      const auto middle = part(heard.caller, 800, 29.9 * kRate);
      CHECK(distortion_db(middle, frequency) > 60);
      // The second difference of a sine of that height, and 1 % of it.
      const double curve = 12'000 * std::pow(2 * std::sin(omega / kRate / 2), 2) * 1.01 + 3;
      double sharpest = 0;
      for (std::size_t i = 1; i + 1 < middle.size(); ++i) {
        sharpest = std::max(sharpest, std::fabs(middle[i - 1] - 2.0 * middle[i] + middle[i + 1]));
      }
      CHECK(sharpest <= curve);
    }
  }
}

TEST_CASE("at 2 %, what is lost, overtaken and sent twice moves nothing else") {
  const Sound sound = Babble(4);
  const auto render = [&](bool bad, Heard& heard) {
    CallBuilder call;
    Drift drift{.ppm = -20'000, .to_s = 40};
    if (bad) {
      drift.copies = [](unsigned n) { return n % 23 == 7 ? 0 : n % 31 == 5 ? 2 : 1; };
      drift.late_ms = [](unsigned n) { return n % 13 == 3 ? 45.0 : 0.0; };
    }
    StreamBuilder& stream = call.stream(Side::kCaller);
    speak(stream, sound, drift);
    RenderedCall rendered = call.lasts_ms(40e3).render();
    heard = listen(rendered, call.folder());
    return rendered;
  };
  Heard whole;
  Heard rest;
  render(false, whole);
  const RenderedCall damaged = render(true, rest);
  const std::vector<Span> lost = spans_of(damaged, SpanKind::kLoss);
  REQUIRE(lost.size() > 50);
  CHECK(damaged.streams[0].lost > 50);
  std::vector<bool> beside(whole.caller.size(), true);
  constexpr std::size_t kEdge = 30;  // half of the filter reaches over the border of what is lost
  for (const Span& span : lost) {
    CHECK(span.to_s - span.from_s == doctest::Approx(0.02 / 0.98).epsilon(0.01));
    const auto from = static_cast<std::size_t>(std::lround(span.from_s * kRate));
    const auto to = static_cast<std::size_t>(std::lround(span.to_s * kRate));
    CHECK(is_silence(part(rest.caller, from, to)));
    for (std::size_t i = from - kEdge; i < to + kEdge; ++i) beside[i] = false;
  }
  int worst = 0;
  for (std::size_t i = 0; i < beside.size(); ++i) {
    if (beside[i]) worst = std::max(worst, std::abs(whole.caller[i] - rest.caller[i]));
  }
  CHECK(worst <= 2);
}

}  // namespace
}  // namespace koegura::decode::test
