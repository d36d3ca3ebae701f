#include "capture/accounting.h"

#include <numeric>

namespace koegura::capture {

namespace {

constexpr std::array<std::string_view, kOutcomeCount> kOutcomeNames = {
    "sip", "rtp", "rtcp", "t38", "duplicate", "not_voip", "unclaimed"};
constexpr std::array<std::string_view, kDropCount> kDropNames = {"spool_full", "hand_off_full"};

template <std::size_t N>
std::uint64_t sum(const std::array<std::uint64_t, N>& counters) {
  return std::accumulate(counters.begin(), counters.end(), std::uint64_t{0});
}

template <std::size_t N>
void add(std::array<std::uint64_t, N>& to, const std::array<std::uint64_t, N>& counters) {
  for (std::size_t i = 0; i < N; ++i) to[i] += counters[i];
}

}  // namespace

std::string_view name_of(Outcome outcome) {
  return kOutcomeNames[static_cast<std::size_t>(outcome)];
}

std::string_view name_of(Drop drop) {
  return kDropNames[static_cast<std::size_t>(drop)];
}

Accounting& Accounting::operator+=(const Accounting& other) {
  received += other.received;
  add(outcomes, other.outcomes);
  add(malformed, other.malformed);
  add(dropped, other.dropped);
  return *this;
}

std::uint64_t Accounting::accounted() const {
  return sum(outcomes) + sum(malformed) + sum(dropped);
}

}  // namespace koegura::capture
