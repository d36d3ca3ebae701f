// fit_clock: how fast a sender's clock runs against ours, from packets that were hardly delayed.
//
// Of each half second (of a stretch under 8 s: of each sixteenth) the least delayed packet is a
// point. The slope is the weighted median of the slopes between points a sixth of the stretch
// apart. What lasts for a part of the stretch only (a queue that fills, a route that changes: a
// step) bends few of them, and a burst at either end none but those it touches; jitter is symmetric
// there. Of few points it is the median over all pairs, which is steadier, and the scatter about
// the line says how well it is known. Half of those pairs span a step in the middle: where a step
// explains the points clearly better than a line does, the slope is likely at most, and never
// significant. Rejected: least squares (bent by every burst), the lower convex hull's edge (bent by
// a step down in the middle).
#pragma once

#include <cmath>
#include <optional>
#include <span>
#include <vector>

namespace koegura::decode {

// A packet that came with little delay: nanoseconds on the sender's clock, and how much more than
// that passed on ours (its delay, but for a constant).
struct ClockPoint {
  double sent_ns = 0;
  double delay_ns = 0;
};

struct ClockFit {
  double slope = 0;        // of the delay over the sender's time: below 0, the sender is fast
  double uncertainty = 0;  // of the slope, one standard deviation, rather too large than too small
};

// Nothing if the points are too few, or too close to each other. In order of sent_ns.
[[nodiscard]] std::optional<ClockFit> fit_clock(std::span<const ClockPoint> points);

// No telephone's clock is as wrong as this: such a slope is not followed.
inline constexpr double kMostError = 0.03;
[[nodiscard]] inline bool is_possible(const ClockFit& fit) {
  return std::fabs(fit.slope) <= kMostError;
}

// What is to be believed instead of one line has a spread this much smaller.
inline constexpr double kClearlyBetter = 0.75;

// Standard deviation, if three quarters of them are of a normal distribution: the rest may be a
// burst. REQUIRES: values is not empty.
[[nodiscard]] double spread_about_median(std::vector<double> values);

// Appends of each interval the least delayed of the points, against the slope from end to end.
void append_least(std::span<const ClockPoint> points, double interval_ns,
                  std::vector<ClockPoint>& out);

// The least of delay - slope * sent; 0 of no points.
[[nodiscard]] double floor_of(std::span<const ClockPoint> points, double slope);

}  // namespace koegura::decode
