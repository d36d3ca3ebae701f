#include "speech_meter.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace koegura::decode {
namespace {

using doctest::Approx;

constexpr std::uint32_t kRate = 8000;
constexpr double kHold = 0.2;  // what follows speech within it belongs to it

using Plane = std::vector<Sample>;

Plane silence(double seconds) {
  return Plane(static_cast<std::size_t>(seconds * kRate));
}

void add_sine(Plane& plane, double from_s, double to_s, double amplitude) {
  constexpr double kHertz = 997;
  for (auto i = static_cast<std::size_t>(from_s * kRate); i < to_s * kRate; ++i) {
    const double phase = 2 * std::numbers::pi * kHertz * static_cast<double>(i) / kRate;
    plane[i] = static_cast<Sample>(std::lround(amplitude * std::sin(phase)));
  }
}

CallSpeech measure(const Plane& caller, const Plane& callee, Position from = 0,
                   std::size_t block = kRate) {
  SpeechMeter meter(kRate, from);
  for (std::size_t at = 0; at < caller.size(); at += block) {
    const std::size_t count = std::min(block, caller.size() - at);
    meter.add({std::span(caller).subspan(at, count), std::span(callee).subspan(at, count)});
  }
  return meter.finish();
}

TEST_CASE("a full-scale sine has -3.01 dBov, and is not clipped") {
  Plane caller = silence(5);
  add_sine(caller, 0, 5, 32767);
  const CallSpeech speech = measure(caller, silence(5));
  REQUIRE(speech.channels[0].level_dbov);
  CHECK(*speech.channels[0].level_dbov == Approx(-3.01).epsilon(0.002));
  CHECK(speech.channels[0].talk_s == Approx(5));
  CHECK(speech.channels[0].clipping == 0);
  CHECK_FALSE(speech.channels[1].level_dbov);
  CHECK(speech.channels[1].talk_s == 0);
  CHECK(speech.double_talk_s == 0);
  CHECK(speech.length_s == Approx(5));
}

TEST_CASE("the level is that of speech, without the pauses") {
  Plane caller = silence(10);
  add_sine(caller, 1, 2, 3276.7);
  add_sine(caller, 6, 7, 3276.7);
  const CallSpeech speech = measure(caller, silence(10));
  CHECK(*speech.channels[0].level_dbov == Approx(-23.01).epsilon(0.002));
  CHECK(speech.channels[0].talk_s == Approx(2 + 2 * kHold).epsilon(0.02));
}

TEST_CASE("noise 20 dB below the voice is no speech, a quieter word is") {
  Plane caller = silence(12);
  add_sine(caller, 0, 12, 100);    // -53 dBov
  add_sine(caller, 2, 4, 3276.7);  // -23 dBov
  add_sine(caller, 6, 7, 1000);    // -33 dBov
  const CallSpeech speech = measure(caller, silence(12));
  CHECK(speech.channels[0].talk_s == Approx(3 + 2 * kHold).epsilon(0.02));
}

TEST_CASE("a click does not hide the voice") {
  Plane caller = silence(20);
  add_sine(caller, 1, 1.02, 32000);
  add_sine(caller, 5, 15, 1000);  // 30 dB below
  const CallSpeech speech = measure(caller, silence(20));
  CHECK(speech.channels[0].talk_s == Approx(10 + 2 * kHold).epsilon(0.03));
}

TEST_CASE("double talk is the time in which both speak") {
  Plane caller = silence(20);
  Plane callee = silence(20);
  add_sine(caller, 2, 8, 3000);
  add_sine(callee, 6, 12, 6000);
  add_sine(callee, 15, 16, 6000);
  const CallSpeech speech = measure(caller, callee);
  CHECK(speech.channels[0].talk_s == Approx(6 + kHold).epsilon(0.01));
  CHECK(speech.channels[1].talk_s == Approx(7 + 2 * kHold).epsilon(0.01));
  CHECK(speech.double_talk_s == Approx(2 + kHold).epsilon(0.02));
}

TEST_CASE("what stands at the largest value is clipped") {
  Plane caller = silence(4);
  add_sine(caller, 0, 4, 3000);
  for (std::size_t i = kRate; i < kRate + 400; ++i) caller[i] = 32124;        // mu-law's largest
  for (std::size_t i = 2 * kRate; i < 2 * kRate + 2; ++i) caller[i] = 32767;  // a mere peak
  const CallSpeech speech = measure(caller, silence(4));
  CHECK(speech.channels[0].clipping == Approx(400.0 / (4 * kRate)));
}

TEST_CASE("what comes before the answer is not measured, and blocks make no difference") {
  Plane caller = silence(8);
  add_sine(caller, 0, 3, 3000);
  add_sine(caller, 5, 6, 3000);
  const Position answer = 4 * kRate + 123;
  const CallSpeech whole = measure(caller, silence(8), answer, caller.size());
  const CallSpeech parts = measure(caller, silence(8), answer, 777);
  CHECK(whole.channels[0].talk_s == Approx(1 + kHold).epsilon(0.02));
  CHECK(whole.length_s == Approx(4).epsilon(0.01));
  CHECK(parts.channels[0].talk_s == whole.channels[0].talk_s);
  CHECK(*parts.channels[0].level_dbov == Approx(*whole.channels[0].level_dbov));
}

}  // namespace
}  // namespace koegura::decode
