#include "clock_scout.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <random>

namespace koegura::decode {
namespace {

using doctest::Approx;

constexpr std::uint32_t kClock = 8000;
constexpr double kPacket_s = 0.02;
constexpr long long kStart = 1'790'000'000'000'000'000LL;

Timestamp at_s(double seconds) {
  return from_unix_ns(kStart + std::llround(seconds * 1e9));
}

// Of the packet that was sent then.
using Delay = std::function<double(double sent_s)>;

// A sender whose clock is fast by so much talks; what each packet was delayed comes on top.
struct Talk {
  double from_s = 0;
  double to_s = 0;
  double ppm = 0;
  std::uint32_t first_timestamp = 1000;
};

void talk(ClockScout& scout, const Talk& talk, const Delay& delay) {
  const double speed = 1 + talk.ppm / 1e6;
  for (long long n = 0;; ++n) {
    const double sent = talk.from_s + static_cast<double>(n) * kPacket_s / speed;
    if (sent >= talk.to_s) return;
    scout.add(at_s(sent + delay(sent)), talk.first_timestamp + static_cast<std::uint32_t>(n * 160),
              kClock);
  }
}

Delay uniform(double most_s, unsigned seed = 1) {
  return [most_s, random = std::mt19937(seed)](double) mutable {
    return std::uniform_real_distribution<double>(0, most_s)(random);
  };
}

// Most packets are quick, some are very late, and what comes behind them in the queue as well.
Delay heavy(unsigned seed = 2) {
  return [random = std::mt19937(seed), queue = 0.0](double) mutable {
    const double one = std::uniform_real_distribution<double>(0, 1)(random);
    queue = std::min(0.4, std::max(0.0, queue - 0.02) + 0.002 * std::pow(1 - one, -0.7));
    return queue;
  };
}

ClockLines lines(const Talk& story, const Delay& delay) {
  ClockScout scout;
  talk(scout, story, delay);
  return scout.finish();
}

// By how many milliseconds a packet of the talk stands off its moment, by this line. The least
// delay is 5 ms.
double off_ms(const ClockLine& line, const Talk& story, double sent_s, double least_s) {
  const double sent = (sent_s - story.from_s) * (1 + story.ppm / 1e6);  // by its clock
  const double first =
      static_cast<std::int32_t>(line.timestamp - story.first_timestamp) / double{kClock};
  const double placed =
      to_seconds(line.undelayed - from_unix_ns(kStart)) + (sent - first) * line.rate;
  return (placed - sent_s - least_s) * 1e3;
}

double worst_ms(const ClockLine& line, const Talk& story, double least_s) {
  double worst = 0;
  for (int i = 0; i <= 20; ++i) {
    const double sent = story.from_s + (story.to_s - story.from_s) * i / 20;
    worst = std::max(worst, std::fabs(off_ms(line, story, sent, least_s)));
  }
  return worst;
}

TEST_CASE("a clock that is right to the tick, and one of 1 ppm, are left alone to the nanosecond") {
  const ClockLines right = lines({.to_s = 600}, [](double) { return 0.005; });
  REQUIRE(right.size() == 1);
  CHECK(right[0].rate == 1);
  CHECK(right[0].undelayed == at_s(0.005));
  CHECK(right[0].error_ppm == 0);
  CHECK_FALSE(std::signbit(right[0].error_ppm));  // JSON would tell "-0", and read back 0
  const ClockLines nearly = lines({.to_s = 600, .ppm = 1}, [](double) { return 0.005; });
  REQUIRE(nearly.size() == 1);
  CHECK_FALSE(nearly[0].is_corrected());
  CHECK(nearly[0].error_ppm == Approx(1).epsilon(0.01));
}

TEST_CASE(
    "an hour of 100 ppm either way is followed within a few milliseconds, whatever the network "
    "does") {
  for (const double ppm : {100.0, -100.0, 30.0, 20'000.0, -20'000.0}) {
    for (const Delay& delay : {uniform(0.03), uniform(0.001), heavy()}) {
      const Talk story{.from_s = 1, .to_s = 3600, .ppm = ppm};
      const ClockLines found = lines(story, delay);
      REQUIRE(found.size() == 1);
      CAPTURE(ppm);
      CHECK(found[0].is_corrected());
      CHECK(std::fabs(found[0].error_ppm - ppm) < 1.5);
      CHECK(worst_ms(found[0], story, 0.002) < 6);
    }
  }
}

TEST_CASE("a clock that strays little in its time is not corrected, and strays to both sides") {
  const Talk story{.to_s = 300, .ppm = 40};  // 12 ms
  const ClockLines found = lines(story, uniform(0.005));
  REQUIRE(found.size() == 1);
  CHECK(found[0].rate == 1);
  CHECK(worst_ms(found[0], story, 0) < 7);
  CHECK(found[0].error_ppm == Approx(40).epsilon(0.2));
}

TEST_CASE("short calls with much jitter are not corrected") {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    for (const double length : {2.0, 5.0, 10.0, 30.0}) {
      for (const Delay& delay : {uniform(0.03, seed), uniform(0.1, seed), heavy(seed)}) {
        const ClockLines found = lines({.to_s = length, .ppm = 20}, delay);
        CAPTURE(seed);
        CAPTURE(length);
        REQUIRE(found.size() == 1);
        CHECK_FALSE(found[0].is_corrected());
      }
    }
  }
}

TEST_CASE("in a call of some seconds a route that changes is no clock") {
  for (const double length : {2.0, 3.0, 5.0, 8.0, 12.0}) {
    for (const double step : {0.03, 0.06, -0.03, -0.06}) {
      for (const double when : {0.3, 0.4, 0.5, 0.6, 0.7}) {
        Delay base = uniform(0.005);
        const double least = std::max(0.0, -step);
        const ClockLines found = lines({.to_s = length}, [&](double s) {
          return least + base(s) + (s > when * length ? step : 0);
        });
        CAPTURE(length);
        CAPTURE(step);
        CAPTURE(when);
        REQUIRE(found.size() == 1);
        CHECK_FALSE(found[0].is_corrected());
      }
    }
  }
}

TEST_CASE("a stall in a call of some seconds does not hide a clock of 2 %") {
  for (const double length : {2.0, 3.0, 5.0, 8.0, 12.0}) {
    for (const double when : {0.0, 0.3, 0.6}) {
      const Talk story{.to_s = length, .ppm = -20'000};
      Delay base = uniform(0.005);
      const ClockLines found = lines(story, [&](double s) {
        const double into = s - when * length;
        return base(s) + (into < 0 || into > length / 6 ? 0 : length / 6 - into);
      });
      CAPTURE(length);
      CAPTURE(when);
      REQUIRE(found.size() == 1);
      CHECK(found[0].is_corrected());
      CHECK(worst_ms(found[0], story, 0) < 5);
    }
  }
}

TEST_CASE("a gateway of 2 % is found within ten seconds") {
  for (const double ppm : {20'000.0, -20'000.0}) {
    const Talk story{.to_s = 10, .ppm = ppm};
    for (unsigned seed = 1; seed <= 50; ++seed) {
      const ClockLines found = lines(story, uniform(0.01, seed));
      REQUIRE(found.size() == 1);
      CHECK(found[0].is_corrected());
      CHECK(worst_ms(found[0], story, 0) < 8);
    }
  }
}

TEST_CASE("a queue that fills for a minute, and one at the beginning, do not bend the line") {
  const Talk story{.to_s = 1800, .ppm = 50};
  const auto ramp = [](double sent, double from) {
    const double into = sent - from;
    return into < 0 || into > 70 ? 0.0 : std::min(into / 60, (70 - into) / 10) * 0.4;
  };
  for (const double from : {-10.0, 900.0, 1750.0}) {
    Delay base = uniform(0.01);
    const ClockLines found = lines(story, [&](double s) { return base(s) + ramp(s, from); });
    CAPTURE(from);
    REQUIRE(found.size() == 1);
    CHECK(std::fabs(found[0].error_ppm - 50) < 2);
    CHECK(worst_ms(found[0], story, 0) < 5);
  }
}

TEST_CASE("a route that changes for good does not bend the line: the shorter one counts") {
  for (const double ppm : {0.0, 60.0}) {
    for (const double step : {0.03, -0.03, 0.1}) {
      for (const double when : {200.0, 900.0, 1500.0}) {
        const Talk story{.to_s = 1800, .ppm = ppm};
        Delay base = uniform(0.005);
        const double least = std::max(0.0, -step);
        const ClockLines found =
            lines(story, [&](double s) { return least + base(s) + (s > when ? step : 0); });
        CAPTURE(ppm);
        CAPTURE(step);
        CAPTURE(when);
        REQUIRE(found.size() == 1);
        CHECK(std::fabs(found[0].error_ppm - ppm) < 2);
        CHECK(worst_ms(found[0], story, 0) < 6);
      }
    }
  }
}

TEST_CASE("a stall of five seconds ends no stretch, a clock that starts again does") {
  const Talk story{.to_s = 100, .ppm = 500};
  ClockScout scout;
  talk(scout, story, [](double s) { return s > 50 && s < 55 ? 55 - s : 0.0; });
  CHECK(scout.finish().size() == 1);
  const Talk again{.from_s = 100, .to_s = 200, .ppm = 500, .first_timestamp = 3'000'000'000};
  talk(scout, again, [](double) { return 0.0; });
  const ClockLines found = scout.finish();
  REQUIRE(found.size() == 2);
  CHECK(found[0].to < at_s(100));
  CHECK(found[1].from == at_s(100));
  CHECK(found[1].timestamp == 3'000'000'000);
  for (const ClockLine& line : found) CHECK(line.error_ppm == Approx(500).epsilon(0.01));
  CHECK(worst_ms(found[1], again, 0) < 0.5);
}

TEST_CASE("a stretch too short to tell takes the clock of the stream's others") {
  ClockScout scout;
  const Talk whole{.to_s = 60, .ppm = -20'000};
  const Talk piece{.from_s = 70, .to_s = 72, .ppm = -20'000, .first_timestamp = 77};
  talk(scout, whole, uniform(0.005));
  talk(scout, piece, uniform(0.005));
  const ClockLines found = scout.finish();
  REQUIRE(found.size() == 2);
  CHECK(found[1].is_corrected());
  CHECK(worst_ms(found[1], piece, 0) < 2);
}

TEST_CASE("timestamps that wrap, and silences without packets, are one clock") {
  for (const double ppm : {100.0, 20'000.0, -20'000.0}) {
    const double speed = 1 + ppm / 1e6;
    ClockScout scout;
    Delay delay = uniform(0.005);
    std::uint32_t timestamp = 0xFFFF0000U;
    const Talk story{.to_s = 1200, .ppm = ppm, .first_timestamp = timestamp};
    for (int n = 0; n < 60'000; ++n, timestamp += 160) {
      const double sent = n * kPacket_s / speed;
      const bool silent = std::fmod(sent, 120) > 30;  // for a minute and a half
      if (!silent && sent < 1200) scout.add(at_s(sent + delay(sent)), timestamp, kClock);
    }
    const ClockLines found = scout.finish();
    CAPTURE(ppm);
    REQUIRE(found.size() == 1);
    CHECK(worst_ms(found[0], story, 0) < 3);
  }
}

TEST_CASE("a clock rate that is wrong altogether is no clock error") {
  const ClockLines found = lines({.to_s = 60, .ppm = 1e6}, uniform(0.01));
  for (const ClockLine& line : found) {
    CHECK(line.rate == 1);
    CHECK(line.error_ppm == 0);
  }
}

TEST_CASE("a day long stream and one of a thousand restarts stay within their bounds") {
  ClockScout scout;
  std::uint32_t timestamp = 0;
  for (int n = 0; n < 86'400; ++n, timestamp += 8000) {
    scout.add(at_s(n * 1.00003), timestamp, kClock);  // one packet a second: DTX
  }
  ClockLines found = scout.finish();
  REQUIRE(found.size() == 1);
  CHECK(found[0].error_ppm == Approx(-30).epsilon(0.01));
  ClockScout restarts;
  for (unsigned n = 0; n < 1000; ++n) {
    talk(restarts, {.from_s = n * 4.0, .to_s = n * 4.0 + 3.5, .first_timestamp = n * 777'777'777U},
         [](double) { return 0.0; });
  }
  found = restarts.finish();
  CHECK(found.size() > 100);
  CHECK(found.size() <= 256);
}

}  // namespace
}  // namespace koegura::decode
