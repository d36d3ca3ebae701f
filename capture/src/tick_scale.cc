#include "tick_scale.h"

#include <algorithm>

namespace koegura::capture {

namespace {

constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kLatest = std::int64_t{1} << 62U;

std::uint64_t power_of_10(unsigned exponent) {
  std::uint64_t power = 1;
  for (; exponent > 0; --exponent) power *= 10;
  return power;
}

}  // namespace

bool TickScale::set_resolution(std::uint8_t option) {
  constexpr unsigned kPowerOf2 = 0x80;
  constexpr unsigned kNanoseconds = 9;
  constexpr unsigned kFinestDecimal = 19;  // 64 bits of ticks are then two seconds
  constexpr unsigned kFinestBinary = 64;
  const unsigned exponent = option & ~kPowerOf2;
  if ((option & kPowerOf2) != 0) {
    multiply_ = kNsPerSecond;
    divide_ = 1;
    shift_ = exponent;
    return exponent <= kFinestBinary;
  }
  if (exponent > kFinestDecimal) return false;
  multiply_ = exponent <= kNanoseconds ? power_of_10(kNanoseconds - exponent) : 1;
  divide_ = exponent <= kNanoseconds ? 1 : power_of_10(exponent - kNanoseconds);
  shift_ = 0;
  return true;
}

void TickScale::set_offset(std::int64_t seconds) {
  constexpr std::int64_t kMost = kLatest / static_cast<std::int64_t>(kNsPerSecond);
  offset_ns_ = std::clamp(seconds, -kMost, kMost) * static_cast<std::int64_t>(kNsPerSecond);
}

Timestamp TickScale::time_of(std::uint64_t ticks) const {
  Uint128 ns = static_cast<Uint128>(ticks) * multiply_;
  if (divide_ != 1) ns /= divide_;
  ns >>= shift_;
  const auto since_offset = static_cast<std::int64_t>(std::min(ns, static_cast<Uint128>(kLatest)));
  // Both terms are at most 2^62, so the sum cannot overflow.
  return from_unix_ns(std::clamp(since_offset + offset_ns_, std::int64_t{0}, kLatest));
}

}  // namespace koegura::capture
