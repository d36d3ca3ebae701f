#include "capture/accounting.h"

#include <numeric>

namespace koegura::capture {

namespace {

constexpr std::array<std::string_view, kOutcomeCount> kOutcomeNames = {
    "sip", "rtp", "rtcp", "t38", "duplicate", "not_voip", "unclaimed"};
constexpr std::array<std::string_view, kDropCount> kDropNames = {"spool_full"};

template <std::size_t N>
std::uint64_t sum(const std::array<std::uint64_t, N>& counters) {
  return std::accumulate(counters.begin(), counters.end(), std::uint64_t{0});
}

}  // namespace

std::string_view name_of(Outcome outcome) {
  return kOutcomeNames[static_cast<std::size_t>(outcome)];
}

std::string_view name_of(Drop drop) {
  return kDropNames[static_cast<std::size_t>(drop)];
}

std::uint64_t Accounting::accounted() const {
  return sum(outcomes) + sum(malformed) + sum(dropped);
}

}  // namespace koegura::capture
