#include "placed_resampler.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <vector>

namespace koegura::decode {
namespace {

using Samples = std::vector<Sample>;

// In pieces of these sizes, in turn.
Samples resample(const Samples& in, double place, double step,
                 const std::vector<std::size_t>& pieces) {
  PlacedResampler resampler;
  SampleBuffer out;
  resampler.begin(place, step);
  std::size_t at = 0;
  for (std::size_t i = 0; at < in.size(); ++i) {
    const std::size_t count = std::min(pieces[i % pieces.size()], in.size() - at);
    resampler.convert(std::span(in).subspan(at, count), out);
    at += count;
  }
  resampler.end(out);
  CHECK_FALSE(resampler.is_running());
  return {out.samples().begin(), out.samples().end()};
}

Samples noise(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  Samples samples(count);
  for (Sample& sample : samples) sample = static_cast<Sample>(random());
  return samples;
}

TEST_CASE("from the floor of the first place to that of the next sample's, whatever the step") {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> any(0, 1);
  for (int i = 0; i < 300; ++i) {
    const double place = std::floor(any(random) * 1e6) * (i % 2) + any(random);
    const double step = i % 3 == 0 ? 0.15 + 6 * any(random) : 0.97 + 0.06 * any(random);
    const Samples in = noise(1 + random() % 700, static_cast<unsigned>(i));
    const Samples out = resample(in, place, step, {160, 1, 33});
    const double end = place + static_cast<double>(in.size()) * step;
    CAPTURE(place);
    CAPTURE(step);
    CHECK(static_cast<double>(out.size()) == std::floor(end) - std::floor(place));
  }
}

TEST_CASE("a step that changes on the way leaves each sample its place, and a sine its curve") {
  const double omega = 2 * std::numbers::pi * 1234 / 8000;
  PlacedResampler resampler;
  SampleBuffer out;
  double place = 0.4;  // of the next sample that is fed
  resampler.begin(place, 1.0001);
  for (int piece = 0; piece < 60; ++piece) {
    const double step = 1.0001 - 0.00002 * (piece % 7);
    resampler.turn(step);
    Samples in(160);
    for (Sample& sample : in) {
      sample = static_cast<Sample>(std::lround(10'000 * std::sin(omega * place)));
      place += step;
    }
    resampler.convert(in, out);
  }
  resampler.end(out);
  const auto heard = out.samples();
  CHECK(static_cast<double>(heard.size()) == std::floor(place));
  int worst = 0;
  for (std::size_t i = 30; i + 30 < heard.size(); ++i) {
    const auto wanted = std::lround(10'000 * std::sin(omega * static_cast<double>(i)));
    worst = std::max(worst, std::abs(static_cast<int>(heard[i] - wanted)));
  }
  CHECK(worst <= 40);  // 0.4 %: 48 dB
}

TEST_CASE("how the samples are cut into pieces changes none of them") {
  const Samples in = noise(5000, 2);
  const Samples whole = resample(in, 17.3, 0.9804, {in.size()});
  CHECK(resample(in, 17.3, 0.9804, {160}) == whole);
  CHECK(resample(in, 17.3, 0.9804, {1, 7, 300}) == whole);
}

TEST_CASE("what is level stays level, to the ends and at full scale") {
  for (const Sample level : {Sample{32767}, Sample{-32768}, Sample{1000}, Sample{0}}) {
    for (const Sample sample : resample(Samples(400, level), 3.7, 1.0002, {160})) {
      CHECK(std::abs(sample - level) <= 8);
    }
  }
}

TEST_CASE("a fraction of a sample is kept: a sine stands where its place says") {
  const double omega = 2 * std::numbers::pi * 1234 / 8000;
  Samples in(2000);
  for (std::size_t n = 0; n < in.size(); ++n) {
    in[n] = static_cast<Sample>(std::lround(10'000 * std::sin(omega * static_cast<double>(n))));
  }
  for (const double step : {1.0, 0.98, 1.02, 1.0001, 2.0}) {
    for (const double place : {0.0, 0.25, 0.5, 0.999}) {
      const Samples out = resample(in, place, step, {160});
      CAPTURE(step);
      CAPTURE(place);
      double off = 0;
      for (std::size_t k = 100; k + 100 < out.size(); ++k) {
        const double wanted = 10'000 * std::sin(omega * (static_cast<double>(k) - place) / step);
        off = std::max(off, std::fabs(out[k] - wanted));
      }
      CHECK(off < 12);  // 58 dB at the worst moment
    }
  }
}

}  // namespace
}  // namespace koegura::decode
