// An hour's call whose clocks are wrong, rendered whole: how far each channel is off, all along.
#include <doctest/doctest.h>

#include <cmath>

#include "drifting_speaker.h"

namespace koegura::decode::test {
namespace {

struct Clock {
  double ppm = 0;
  double wander_ppm = 0;
};

void check_call(double length_s, const Clock& caller_clock, const Clock& callee_clock) {
  CallBuilder call;
  const Sound one = Babble(1);
  const Sound two = Babble(2);
  const Drift caller{.ppm = caller_clock.ppm,
                     .from_s = 0.5,
                     .to_s = length_s,
                     .wander_ppm = caller_clock.wander_ppm,
                     .period_s = 30,
                     .spoken_s = 2,
                     .jitter_ms = 8,
                     .seed = 11};
  const Drift callee{.ppm = callee_clock.ppm,
                     .from_s = 1.5,
                     .to_s = length_s,
                     .wander_ppm = callee_clock.wander_ppm,
                     .period_s = 30,
                     .spoken_s = 2,
                     .jitter_ms = 8,
                     .seed = 12};
  speak(call.stream(Side::kCaller), one, caller);
  speak(call.stream(Side::kCallee), two, callee);
  const RenderedCall rendered = call.lasts_ms(length_s * 1e3).render();
  const Heard heard = listen(rendered, call.folder());
  CAPTURE(caller_clock.ppm);
  CHECK(heard.caller.size() == static_cast<std::size_t>(length_s * kRate));
  CHECK(worst_late_ms(heard.caller, one, caller, 30, 1) <= 6);
  CHECK(worst_late_ms(heard.callee, two, callee, 30, 1) <= 6);
  for (const RenderedStream& stream : rendered.streams) {
    CHECK(stream.rendered);
    CHECK_FALSE(stream.lossless);
    CHECK(stream.lost == 0);
  }
  CHECK(spans_of(rendered, SpanKind::kLoss).empty());
  CHECK(spans_of(rendered, SpanKind::kNoMedia).size() <= 4);  // before and behind
}

TEST_CASE("an hour of 100 ppm, each side the other way: both are where they sounded") {
  check_call(3600, {.ppm = 100}, {.ppm = -100});
}

TEST_CASE("twenty minutes of a gateway that is 2 % fast, and of one that is 2 % slow") {
  check_call(1200, {.ppm = 20'000}, {.ppm = -20'000});
}

TEST_CASE("an hour in which one clock wanders from 100 to 40 ppm, and one to both sides of right") {
  check_call(3600, {.ppm = 100, .wander_ppm = -60}, {.ppm = -40, .wander_ppm = 80});
}

}  // namespace
}  // namespace koegura::decode::test
