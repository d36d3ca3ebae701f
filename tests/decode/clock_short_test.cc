// Calls of some seconds, whose clocks are wrong or right: where they begin and end.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "drifting_speaker.h"
#include "timeline_story.h"

namespace koegura::decode::test {
namespace {

constexpr double kFrom_s = 0.3;
constexpr double kPromised_ms = 20;

// What a speaker says from the first sample to the last.
double hum(double) {
  return 8000;
}

struct Ends {
  double begin_s = 0;
  double end_s = 0;
};

Ends ends_of(const Samples& heard) {
  const auto is_loud = [](std::int16_t sample) { return sample > 4000; };
  const auto first = std::find_if(heard.begin(), heard.end(), is_loud);
  const auto last = std::find_if(heard.rbegin(), heard.rend(), is_loud);
  return {.begin_s = static_cast<double>(first - heard.begin()) / kRate,
          .end_s = static_cast<double>(heard.rend() - last) / kRate};
}

// When the first sample of all was taken, and the last one.
Ends truth_of(const Drift& drift) {
  unsigned packets = 0;
  while (taken_at(drift, packets * drift.ticks) < drift.to_s) ++packets;
  return {.begin_s = drift.from_s, .end_s = taken_at(drift, packets * drift.ticks)};
}

void check_ends(const Samples& heard, const Drift& drift) {
  const Ends found = ends_of(heard);
  const Ends truth = truth_of(drift);
  CAPTURE(drift.ppm);
  CAPTURE(drift.to_s);
  CAPTURE(drift.ticks);
  CAPTURE(drift.jitter_ms);
  CAPTURE(drift.seed);
  CHECK(std::fabs(found.begin_s - truth.begin_s) * 1e3 <= kPromised_ms);
  CHECK(std::fabs(found.end_s - truth.end_s) * 1e3 <= kPromised_ms);
}

// A call of this length, with each packet time and each jitter.
std::vector<Drift> calls_of(double length_s) {
  std::vector<Drift> calls;
  for (const unsigned ticks : {80U, 160U, 240U}) {
    for (const double jitter_ms : {0.0, 5.0, 20.0}) {
      Drift call{.from_s = kFrom_s, .to_s = kFrom_s + length_s};
      call.ticks = ticks;
      call.jitter_ms = jitter_ms;
      for (call.seed = 1; call.seed <= 2; ++call.seed) calls.push_back(call);
    }
  }
  return calls;
}

constexpr double kLengths_s[] = {1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0};

// Its caller's clock is fast by so much, its callee's slow.
void check_drift(double ppm, const Drift& network) {
  Drift caller = network;
  caller.ppm = ppm;
  Drift callee = network;
  callee.ppm = -ppm;
  callee.seed += 100;
  CallBuilder call;
  speak(call.stream(Side::kCaller), hum, caller);
  speak(call.stream(Side::kCallee), hum, callee);
  const RenderedCall rendered = call.lasts_ms(network.to_s * 1e3).render();
  const Heard heard = listen(rendered, call.folder());
  check_ends(heard.caller, caller);
  check_ends(heard.callee, callee);
  // Where the whole drift is more than 20 ms, the record says what was done about it.
  const double length_s = network.to_s - network.from_s;
  if (network.jitter_ms > 5 || ppm * length_s < 20'000) return;
  for (const RenderedStream& stream : rendered.streams) {
    const double told = stream.side == Side::kCaller ? ppm : -ppm;
    CHECK(stream.clock.error_ppm == doctest::Approx(told).epsilon(0.2));
    CHECK(stream.clock.corrected_ms == doctest::Approx(told * length_s / 1e3).epsilon(0.2));
  }
}

TEST_CASE("a call of 1 to 10 s begins and ends within 20 ms of the truth, whatever the clock is") {
  for (const double ppm : {100.0, 10'000.0, 20'000.0}) {
    for (const double length_s : kLengths_s) {
      for (const Drift& network : calls_of(length_s)) check_drift(ppm, network);
    }
  }
}

void check_samples(const Drift& network) {
  CallBuilder call;
  call.format(Side::kCaller, format(96, "L16"));
  const Sound counting = [](double at) { return 8000 + std::lround(at * kRate) % 251 * 64.0; };
  speak(call.stream(Side::kCaller), counting, network, 96);
  const RenderedCall rendered = call.lasts_ms(network.to_s * 1e3).render();
  CHECK(rendered.streams[0].lossless);
  const Heard heard = listen(rendered, call.folder());
  check_ends(heard.caller, network);
  const auto loud = [](std::int16_t sample) { return sample != 0; };
  auto at = std::find_if(heard.caller.begin(), heard.caller.end(), loud);
  const long samples = std::lround((truth_of(network).end_s - kFrom_s) * kRate);
  REQUIRE(std::count_if(at, heard.caller.end(), loud) == samples);
  for (long n = 0; n < samples; ++n, ++at) {
    const auto said = static_cast<std::int16_t>(counting(kFrom_s + static_cast<double>(n) / kRate));
    if (*at != said) FAIL("another sample");
  }
}

TEST_CASE("of a call of 1 to 10 s whose clock is right, each sample stays, whatever the jitter") {
  for (const double length_s : kLengths_s) {
    for (const Drift& network : calls_of(length_s)) check_samples(network);
  }
}

void check_bursts(Drift drift) {
  CallBuilder call;
  drift.ppm = drift.seed % 2 == 0 ? 20'000 : -20'000;
  drift.period_s = 1.5;
  drift.spoken_s = 0.6;
  const Sound sound = Babble(6);
  speak(call.stream(Side::kCaller), sound, drift);
  const RenderedCall rendered = call.lasts_ms(drift.to_s * 1e3).render();
  const Heard heard = listen(rendered, call.folder());
  CAPTURE(drift.ppm);
  CAPTURE(drift.ticks);
  CAPTURE(drift.jitter_ms);
  CHECK(worst_late_ms(heard.caller, sound, drift, drift.period_s, 0.1) <= kPromised_ms);
}

TEST_CASE("a call of some seconds with silences at 2 % is in place at each burst of speech") {
  for (const double length_s : {4.0, 6.0, 9.0}) {
    for (const Drift& drift : calls_of(length_s)) check_bursts(drift);
  }
}

}  // namespace
}  // namespace koegura::decode::test
