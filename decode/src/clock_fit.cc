#include "clock_fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "clock_line.h"

namespace koegura::decode {
namespace {

constexpr std::size_t kFewestPoints = 8;
constexpr double kIntervals = 16;              // of a stretch, or more ...
constexpr double kLongestInterval_ns = 500e6;  // ... of this length
constexpr std::size_t kLagsInStretch = 6;
// So many points are few: in all lags between them there is more to be learnt than in one.
constexpr std::size_t kFew = 48;

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

std::vector<Weighted> slopes_of(std::span<const ClockPoint> points) {
  const bool few = points.size() <= kFew;
  const std::size_t shortest = few ? 1 : points.size() / kLagsInStretch;
  const std::size_t longest = few ? points.size() - 1 : shortest;
  std::vector<Weighted> slopes;
  for (std::size_t lag = shortest; lag <= longest; ++lag) {
    for (std::size_t i = lag; i < points.size(); ++i) {
      const double sent = points[i].sent_ns - points[i - lag].sent_ns;
      if (sent <= 0) continue;
      slopes.push_back(
          {.value = (points[i].delay_ns - points[i - lag].delay_ns) / sent, .weight = sent});
    }
  }
  return slopes;
}

// By how much they differ from each other. Slopes is not needed any more.
double uncertainty_of_many(std::vector<Weighted>& slopes, double slope) {
  for (Weighted& one : slopes) one.value = std::fabs(one.value - slope);
  // Of a normal distribution: from the median deviation to the standard deviation, and to that of a
  // median. The slopes share their points and what bursts there are, so they count as few.
  constexpr double kDeviation = 1.48;
  constexpr double kOfMedian = 1.25;
  constexpr std::size_t kMostIndependent = 4 * kLagsInStretch;
  const auto independent = static_cast<double>(std::min(slopes.size(), kMostIndependent));
  return kDeviation * kOfMedian * weighted_median(slopes) / std::sqrt(independent);
}

void centre(std::span<double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  for (double& value : values) value -= *middle;
}

double spread(std::vector<double> centred) {
  constexpr double kWithin = 1.15;  // standard deviations are three quarters
  for (double& value : centred) value = std::fabs(value);
  const auto quarter =
      centred.begin() + static_cast<std::ptrdiff_t>((3 * (centred.size() - 1) + 2) / 4);
  std::nth_element(centred.begin(), quarter, centred.end());
  return *quarter / kWithin;
}

// About two levels, one before and one after a step where that fits best.
double spread_about_step(std::span<const ClockPoint> points) {
  constexpr std::size_t kFewestOnLevel = 2;
  double least = std::numeric_limits<double>::max();
  for (std::size_t before = kFewestOnLevel; before + kFewestOnLevel <= points.size(); ++before) {
    std::vector<double> delays;
    for (const ClockPoint& point : points) delays.push_back(point.delay_ns);
    centre(std::span(delays).first(before));
    centre(std::span(delays).subspan(before));
    least = std::min(least, spread(std::move(delays)));
  }
  return least;
}

// By how far off the line they are.
double uncertainty_of_few(std::span<const ClockPoint> points, double slope) {
  // The spread of few points is itself uncertain: what would be four standard deviations happens by
  // chance as rarely as of many (Student's t, 14 degrees of freedom).
  constexpr double kOfFew = 1.4;
  double mean = 0;
  std::vector<double> off;
  for (const ClockPoint& point : points) {
    mean += point.sent_ns / static_cast<double>(points.size());
    off.push_back(point.delay_ns - slope * point.sent_ns);
  }
  double squares = 0;
  for (const ClockPoint& point : points) {
    squares += (point.sent_ns - mean) * (point.sent_ns - mean);
  }
  const double about_line = spread_about_median(std::move(off));
  const double uncertainty = kOfFew * about_line / std::sqrt(squares);
  const bool is_step = spread_about_step(points) < kClearlyBetter * about_line;
  const double doubt = is_step ? 2 * std::fabs(slope) / (kLikely + kSignificant) : 0;
  return std::max(uncertainty, doubt);
}

}  // namespace

std::optional<ClockFit> fit_clock(std::span<const ClockPoint> points) {
  if (points.size() < kFewestPoints) return std::nullopt;
  const double length = points.back().sent_ns - points.front().sent_ns;
  std::vector<ClockPoint> least;
  append_least(points, std::min(length / kIntervals, kLongestInterval_ns), least);
  if (length <= 0 || least.size() < kFewestPoints) return std::nullopt;
  std::vector<Weighted> slopes = slopes_of(least);
  if (slopes.empty()) return std::nullopt;
  ClockFit fit;
  fit.slope = weighted_median(slopes);
  fit.uncertainty = least.size() <= kFew ? uncertainty_of_few(least, fit.slope)
                                         : uncertainty_of_many(slopes, fit.slope);
  return fit;
}

double spread_about_median(std::vector<double> values) {
  centre(values);
  return spread(std::move(values));
}

double floor_of(std::span<const ClockPoint> points, double slope) {
  if (points.empty()) return 0;
  double least = std::numeric_limits<double>::max();
  for (const ClockPoint& point : points) {
    least = std::min(least, point.delay_ns - slope * point.sent_ns);
  }
  return least;
}

void append_least(std::span<const ClockPoint> points, double interval_ns,
                  std::vector<ClockPoint>& out) {
  if (points.empty()) return;
  const double length = points.back().sent_ns - points.front().sent_ns;
  const double rise = points.back().delay_ns - points.front().delay_ns;
  const double slope = length > 0 ? rise / length : 0;
  double until_ns = std::numeric_limits<double>::lowest();
  for (const ClockPoint& point : points) {
    if (point.sent_ns >= until_ns) {
      out.push_back(point);
      until_ns = (std::floor(point.sent_ns / interval_ns) + 1) * interval_ns;
      continue;
    }
    ClockPoint& kept = out.back();
    const double above = point.delay_ns - kept.delay_ns - slope * (point.sent_ns - kept.sent_ns);
    if (above < 0) kept = point;
  }
}

}  // namespace koegura::decode
