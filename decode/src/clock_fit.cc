#include "clock_fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace koegura::decode {
namespace {

constexpr std::size_t kFewestPoints = 8;
constexpr double kShortest_ns = 4e9;
constexpr std::size_t kLagsInStretch = 6;
constexpr std::size_t kShortestLag = 8;  // or half of the points: what lies close says little

struct Weighted {
  double value = 0;
  double weight = 0;
};

// Sorts them.
double weighted_median(std::vector<Weighted>& values) {
  std::sort(values.begin(), values.end(),
            [](const Weighted& a, const Weighted& b) { return a.value < b.value; });
  double total = 0;
  for (const Weighted& one : values) total += one.weight;
  double seen = 0;
  for (const Weighted& one : values) {
    seen += one.weight;
    if (2 * seen >= total) return one.value;
  }
  return 0;
}

}  // namespace

std::optional<ClockFit> fit_clock(std::span<const ClockPoint> points) {
  if (points.size() < kFewestPoints) return std::nullopt;
  if (points.back().sent_ns - points.front().sent_ns < kShortest_ns) return std::nullopt;
  const std::size_t lag =
      std::max(points.size() / kLagsInStretch, std::min(points.size() / 2, kShortestLag));
  std::vector<Weighted> slopes;
  slopes.reserve(points.size() - lag);
  for (std::size_t i = lag; i < points.size(); ++i) {
    const double sent = points[i].sent_ns - points[i - lag].sent_ns;
    if (sent <= 0) continue;
    slopes.push_back(
        {.value = (points[i].delay_ns - points[i - lag].delay_ns) / sent, .weight = sent});
  }
  if (slopes.empty()) return std::nullopt;
  ClockFit fit;
  fit.slope = weighted_median(slopes);
  for (Weighted& one : slopes) one.value = std::fabs(one.value - fit.slope);
  // Of a normal distribution: from the median deviation to the standard deviation, and to that of a
  // median. The slopes share their points and what bursts there are, so they count as few; and of
  // few the median deviation is itself uncertain.
  constexpr double kDeviation = 1.48;
  constexpr double kOfMedian = 1.25;
  constexpr std::size_t kMostIndependent = 4 * kLagsInStretch;
  constexpr std::size_t kSpent = 4;
  const std::size_t left = slopes.size() > kSpent ? slopes.size() - kSpent : 1;
  const auto independent = static_cast<double>(std::min(left, kMostIndependent));
  fit.uncertainty = kDeviation * kOfMedian * weighted_median(slopes) / std::sqrt(independent);
  return fit;
}

double floor_of(std::span<const ClockPoint> points, double slope) {
  if (points.empty()) return 0;
  double least = std::numeric_limits<double>::max();
  for (const ClockPoint& point : points) {
    least = std::min(least, point.delay_ns - slope * point.sent_ns);
  }
  return least;
}

}  // namespace koegura::decode
