// The level envelope: on the capture's clock, in half decibels, and through codecs.
#include "level_envelope.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "speech.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

using Levels = std::vector<std::uint8_t>;

std::uint64_t square_of(double dbov) {
  return static_cast<std::uint64_t>(std::ceil(std::pow(2, 30) * std::pow(10, dbov / 10)));
}

Levels levels_of(const Samples& samples, Timestamp start, std::uint32_t rate = 8000) {
  LevelEnvelope envelope(start, rate);
  envelope.add(samples);
  return envelope.take();
}

double mean_of(const Levels& levels, std::size_t from, std::size_t count) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += levels[from + i];
  return sum / static_cast<double>(count);
}

// Pearson's correlation of the frames that both have, if b is `lag` frames late.
double correlation(const Levels& a, const Levels& b, int lag) {
  const std::size_t skip_a = static_cast<std::size_t>(std::max(0, -lag));
  const std::size_t skip_b = static_cast<std::size_t>(std::max(0, lag));
  const std::size_t count = std::min(a.size() - skip_a, b.size() - skip_b);
  const double mean_a = mean_of(a, skip_a, count);
  const double mean_b = mean_of(b, skip_b, count);
  double product = 0;
  double power_a = 0;
  double power_b = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double x = a[skip_a + i] - mean_a;
    const double y = b[skip_b + i] - mean_b;
    product += x * y;
    power_a += x * x;
    power_b += y * y;
  }
  return product / std::sqrt(power_a * power_b);
}

struct Likeness {
  double correlation = -1;
  int lag = 0;
};

Likeness best_of(const Levels& a, const Levels& b) {
  constexpr int kReach = 20;
  Likeness best;
  for (int lag = -kReach; lag <= kReach; ++lag) {
    const double found = correlation(a, b, lag);
    if (found > best.correlation) best = {.correlation = found, .lag = lag};
  }
  return best;
}

Samples speech(const std::vector<std::string>& names) {
  Samples samples;
  for (const std::string& name : names) {
    const Samples part = recording(name, 8000);
    samples.insert(samples.end(), part.begin(), part.end());
  }
  return samples;
}

struct Leg {
  capture::MediaFormat format;
  double call_from_ms = 0;
  double delay_ms = 0;
};

// The caller's levels of a call with these packets of 20 ms.
Levels levels_of(const std::vector<EncodedPacket>& packets, const Leg& leg) {
  CallBuilder call;
  call.call().start = at_ms(leg.call_from_ms);
  StreamBuilder& stream = call.format(Side::kCaller, leg.format).stream(Side::kCaller);
  for (unsigned i = 0; i < packets.size(); ++i) {
    stream.rtp({.at_ms = leg.delay_ms + 20.0 * i,
                .sequence = static_cast<std::uint16_t>(i),
                .timestamp = 160 * i,
                .payload_type = leg.format.payload_type,
                .payload = packets[i].bytes});
  }
  const RenderedCall rendered = call.render();
  CHECK(rendered.levels[1].empty());
  return rendered.levels[0];
}

}  // namespace

TEST_CASE("a level is half a decibel above -70 dBov, and silence is 0") {
  CHECK(level_of(0) == 0);
  CHECK(level_of(square_of(-70.1)) == 0);
  CHECK(level_of(square_of(-69.9)) == 1);
  CHECK(level_of(square_of(-69.4)) == 2);
  CHECK(level_of(square_of(-3.01)) == 134);  // the loudest sine
  CHECK(level_of(1U << 30U) == 141);         // the power of the largest sample
}

TEST_CASE(
    "samples have the level of their mean square, at any rate and at both ends of the scale") {
  for (const std::uint32_t rate : {8000U, 11025U, 16000U, 44100U, 48000U}) {
    CAPTURE(rate);
    for (const double dbov : {-66.0, -50.0, -20.0, -3.1}) {
      CAPTURE(dbov);
      Samples samples;
      for (std::uint32_t i = 0; i < rate; ++i) {
        const double height = 32768 * std::sqrt(2) * std::pow(10, dbov / 20);
        samples.push_back(
            static_cast<std::int16_t>(std::lround(height * std::sin(2 * M_PI * 440 * i / rate))));
      }
      const Levels levels = levels_of(samples, at_ms(0), rate);
      REQUIRE(levels.size() == 10);
      for (const std::uint8_t level : levels) {
        CHECK(std::abs(level - (1 + 2 * (dbov + 70))) <= 1);
      }
    }
  }
  CHECK(levels_of(Samples(800, -32768), at_ms(0)) == Levels{141});
  CHECK(levels_of(Samples(800, 5), at_ms(0)).empty());
}

TEST_CASE("frames lie on the capture's clock, wherever within one the call began") {
  for (const double into_ms : {0.0, 0.01, 30.0, 99.99}) {
    CAPTURE(into_ms);
    const double call_from_ms = 5000 + into_ms;
    const auto in_call = [&](double ms) {
      return static_cast<std::size_t>(std::ceil((ms - call_from_ms) * 8));
    };
    Samples samples(in_call(5700), 0);
    std::fill(samples.begin() + static_cast<long>(in_call(5300)),
              samples.begin() + static_cast<long>(in_call(5500)), std::int16_t{1000});
    const Levels levels = levels_of(samples, at_ms(call_from_ms));
    const std::uint8_t loud = level_of(1'000'000);
    CHECK(levels == Levels{0, 0, 0, loud, loud});  // without the silence at the end
  }
}

TEST_CASE("levels do not depend on how the samples come") {
  std::mt19937 random(1);
  Samples samples;
  for (int i = 0; i < 40'000; ++i)
    samples.push_back(static_cast<std::int16_t>(random() >> (i / 4000)));
  const Levels whole = levels_of(samples, at_ms(17));
  CHECK(whole.size() == 51);
  LevelEnvelope envelope(at_ms(17), 8000);
  for (std::span<const Sample> rest(samples); !rest.empty();) {
    const std::size_t count = std::min<std::size_t>(rest.size(), random() % 3000);
    envelope.add(rest.first(count));
    rest = rest.subspan(count);
  }
  CHECK(envelope.take() == whole);
}

TEST_CASE("the first two hours of a call have levels, and no more") {
  const Samples second(8000, 1000);
  LevelEnvelope envelope(at_ms(0), 8000);
  for (int i = 0; i < 3 * 3600; ++i) envelope.add(second);
  CHECK(envelope.take().size() == 2 * 36'000);
}

TEST_CASE("each channel has its levels, and a call without audio has none") {
  CallBuilder call;
  say(call.stream(Side::kCaller, 1), {.from_ms = 0, .to_ms = 1000});
  say(call.stream(Side::kCallee, 2), {.from_ms = 2000, .to_ms = 3000});
  const RenderedCall rendered = call.lasts_ms(5000).render();
  REQUIRE(rendered.levels[0].size() == 10);
  REQUIRE(rendered.levels[1].size() == 30);
  CHECK(rendered.levels[0][0] > 100);
  CHECK(rendered.levels[1][19] == 0);
  CHECK(rendered.levels[1][20] == rendered.levels[0][0]);
  const RenderedCall silent = CallBuilder().lasts_ms(5000).render();
  CHECK(silent.levels[0].empty());
  CHECK(silent.levels[1].empty());
}

TEST_CASE(
    "a copy through PCMU, G.722 and PCMA has the levels of its original, other speech has not") {
  const Samples said = speech({"water-question.wav", "pension.wav", "goodbye.wav"});
  const auto mu_law = encode({.name = "pcm_mulaw", .frame_samples = 160}, said);
  const Samples at_gateway = decode_directly({.name = "pcm_mulaw"}, mu_law);
  Samples doubled;
  for (const std::int16_t sample : at_gateway) doubled.insert(doubled.end(), 2, sample);
  const auto wideband = encode({.name = "g722", .rate = 16000, .frame_samples = 320}, doubled);
  const Samples at_next = decode_directly({.name = "g722", .rate = 16000}, wideband);
  Samples halved;
  for (std::size_t i = 0; i + 1 < at_next.size(); i += 2) {
    halved.push_back(static_cast<std::int16_t>((at_next[i] + at_next[i + 1]) / 2));
  }
  const auto a_law = encode({.name = "pcm_alaw", .frame_samples = 160}, halved);

  const Levels original = levels_of(mu_law, {.format = format(0, "PCMU")});
  const Levels second = levels_of(wideband, {.format = format(9, "G722"), .delay_ms = 100});
  // Its call begins in the next frame of the clock: at the same place it is two frames later.
  const Levels third =
      levels_of(a_law, {.format = format(8, "PCMA"), .call_from_ms = 130, .delay_ms = 330});
  CHECK(original.size() > 120);
  const Likeness to_second = best_of(original, second);
  CHECK(to_second.correlation > 0.9);
  CHECK(to_second.lag == 1);
  const Likeness to_third = best_of(original, third);
  CHECK(to_third.correlation > 0.9);
  CHECK(to_third.lag == 2);

  for (const auto& other : {speech({"switchboard.wav", "transfer.wav", "water-answer.wav"}),
                            speech({"announcement.wav", "callback.wav"}),
                            speech({"pension.wav", "goodbye.wav", "water-question.wav"})}) {
    const auto packets = encode({.name = "pcm_mulaw", .frame_samples = 160}, other);
    const Likeness found = best_of(original, levels_of(packets, {.format = format(0, "PCMU")}));
    CAPTURE(found.lag);
    CHECK(found.correlation < 0.5);
  }
}
