// Random: SplitMix64 (Steele, Lea, Flood 2014): small, and the same on every machine, which
// std::uniform_int_distribution is not.
#pragma once

#include <cstdint>

#include "capture/address.h"
#include "capture/time.h"

namespace koegura::traffic {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  // An independent sequence for each purpose and number: the n-th call's does not depend on how
  // many calls ran before it.
  Random(std::uint64_t seed, std::uint64_t purpose, std::uint64_t number)
      : state_(capture::mix(capture::mix(seed ^ 0x5851F42D4C957F2DULL, purpose), number)) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }
  // 0 to bound - 1; the bias of a bound below 2^32 is of no matter here.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((next() >> 32U) * bound) >> 32U);
  }
  double unit() { return static_cast<double>(next() >> 11U) * 0x1p-53; }  // [0, 1)
  bool chance(double fraction) { return fraction > 0 && unit() < fraction; }
  Duration between(Duration low, Duration high) {
    return low +
           Duration(static_cast<long long>(unit() * static_cast<double>((high - low).count())));
  }

 private:
  std::uint64_t state_;
};

}  // namespace koegura::traffic
