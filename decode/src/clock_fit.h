// fit_clock: how fast a sender's clock runs against ours, from packets that were hardly delayed.
//
// The slope is the weighted median of the slopes between points a sixth of the stretch apart (eight
// points at least, or half of a short stretch). What
// lasts for a part of the stretch only (a queue that fills, a route that changes: a step) bends few
// of them, and a burst at either end none but those it touches; jitter is symmetric there.
// Rejected: least squares (bent by every burst), the lower convex hull's edge (bent by a step down
// in the middle), the median over all pairs (half of them span a step in the middle).
#pragma once

#include <optional>
#include <span>

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

// The least of delay - slope * sent; 0 of no points.
[[nodiscard]] double floor_of(std::span<const ClockPoint> points, double slope);

}  // namespace koegura::decode
