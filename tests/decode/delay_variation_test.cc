#include "delay_variation.h"

#include <doctest/doctest.h>

namespace koegura::decode {
namespace {

using doctest::Approx;

constexpr std::uint32_t kClock = 8000;
constexpr std::uint32_t kTicks = 160;
constexpr double kPacketMs = 20;

Timestamp at_ms(double ms) {
  return from_unix_ns(1'790'000'000'000'000'000LL + static_cast<long long>(ms * 1e6));
}

// Packet n, that much later than it was due.
void add(DelayVariation& delays, std::uint32_t n, double late_ms, double drift = 1) {
  delays.add(at_ms(n * kPacketMs * drift + late_ms), n * kTicks, kClock);
}

TEST_CASE("packets on time do not vary") {
  DelayVariation delays;
  for (std::uint32_t n = 0; n < 1000; ++n) add(delays, n, 30);
  delays.finish();
  CHECK(delays.percentile(0.5) == 0);
  CHECK(delays.percentile(0.95) == 0);
  CHECK(delays.max_ms() == Approx(0).epsilon(0.001));
}

TEST_CASE("the percentiles are those of the delays above the least") {
  DelayVariation delays;
  for (std::uint32_t n = 0; n < 2000; ++n) add(delays, n, 5 + n % 20);  // 0 to 19 ms above
  delays.finish();
  CHECK(delays.percentile(0.5) == Approx(9));
  CHECK(delays.percentile(0.95) == Approx(18));
  CHECK(delays.percentile(1) == Approx(19));
  CHECK(delays.max_ms() == Approx(19));
}

TEST_CASE("timestamps wrap, and packets overtake each other") {
  DelayVariation delays;
  std::uint32_t timestamp = 0U - 100 * kTicks;
  for (std::uint32_t n = 0; n < 400; n += 2) {
    delays.add(at_ms(n * kPacketMs + kPacketMs), timestamp + kTicks, kClock);
    delays.add(at_ms(n * kPacketMs + kPacketMs + 1), timestamp, kClock);
    timestamp += 2 * kTicks;
  }
  delays.finish();
  CHECK(delays.percentile(0.5) == Approx(0));
  CHECK(delays.max_ms() == Approx(21));
}

TEST_CASE("a clock that drifts is no delay: an hour of 100 ppm stays at 1 ms") {
  DelayVariation delays;
  for (std::uint32_t n = 0; n < 180'000; ++n) add(delays, n, 0, 1.0001);
  delays.finish();
  CHECK(delays.max_ms() < 1.1);
}

TEST_CASE("after a restart nothing is compared with what was before") {
  DelayVariation delays;
  for (std::uint32_t n = 0; n < 10; ++n) add(delays, n, 0);
  delays.restart();
  for (std::uint32_t n = 0; n < 10; ++n) add(delays, n, 5000);
  delays.finish();
  CHECK(delays.max_ms() == Approx(0).epsilon(0.001));
}

TEST_CASE("delays beyond a second are counted at it, and the greatest is known") {
  DelayVariation delays;
  add(delays, 0, 0);
  add(delays, 1, 1500);
  delays.finish();
  CHECK(delays.percentile(1) == Approx(1000));
  CHECK(delays.max_ms() == Approx(1500));
}

TEST_CASE("nothing gives nothing") {
  DelayVariation delays;
  delays.finish();
  CHECK(delays.percentile(0.95) == 0);
  CHECK(delays.max_ms() == 0);
}

}  // namespace
}  // namespace koegura::decode
