#include "clock_wander.h"

#include <algorithm>
#include <cmath>

namespace koegura::decode {
namespace {

constexpr double kPiece_ns = 300e9;
// No clock wanders further from its own mean: such pieces are of something else.
constexpr double kMostWander = 0.005;

std::vector<ClockPiece> pieces_of(std::span<const ClockPoint> points, double slope) {
  if (points.empty()) return {};
  const double from = points.front().sent_ns;
  const double length = points.back().sent_ns - from;
  const double count = std::floor(length / kPiece_ns);
  if (count < 2) return {};
  std::vector<ClockPiece> pieces;
  for (double i = 0; i < count; ++i) {
    const double until = from + length * (i + 1) / count;
    const auto next = std::find_if(points.begin(), points.end(),
                                   [&](const ClockPoint& point) { return point.sent_ns > until; });
    const auto here = points.first(static_cast<std::size_t>(next - points.begin()));
    const std::optional<ClockFit> fit = fit_clock(here);
    pieces.push_back({.from_ns = from + length * i / count,
                      .slope = fit && is_possible(*fit) ? fit->slope : slope});
    points = points.subspan(here.size());
  }
  return pieces;
}

std::vector<ClockPoint> without(std::span<const ClockPiece> pieces,
                                std::span<const ClockPoint> points) {
  std::vector<ClockPoint> rest(points.begin(), points.end());
  for (ClockPoint& point : rest) point.delay_ns -= grown(pieces, point.sent_ns);
  return rest;
}

double spread_of(std::span<const ClockPoint> points) {
  std::vector<double> delays;
  for (const ClockPoint& point : points) delays.push_back(point.delay_ns);
  return spread_about_median(std::move(delays));
}

// Between the furthest above a line of this slope and the furthest below.
double strays_from_line(std::span<const ClockPiece> pieces, double slope, double until_ns) {
  double least = 0;
  double most = 0;
  const auto look_at = [&](double sent_ns) {
    const double off = grown(pieces, sent_ns) - slope * (sent_ns - pieces.front().from_ns);
    least = std::min(least, off);
    most = std::max(most, off);
  };
  for (const ClockPiece& piece : pieces) look_at(piece.from_ns);
  look_at(until_ns);
  return most - least;
}

}  // namespace

std::optional<ClockWander> follow_clock(std::span<const ClockPoint> points, double slope,
                                        double strays_ns) {
  ClockWander wander{.pieces = pieces_of(points, slope), .mean = {}};
  std::vector<ClockPiece>& pieces = wander.pieces;
  if (pieces.empty()) return std::nullopt;
  const std::optional<ClockFit> left = fit_clock(without(pieces, points));
  if (!left) return std::nullopt;
  for (ClockPiece& piece : pieces) {
    piece.slope += left->slope;
    if (std::fabs(piece.slope - slope) > kMostWander) return std::nullopt;
  }
  const double until_ns = points.back().sent_ns;
  if (strays_from_line(pieces, slope, until_ns) <= strays_ns) return std::nullopt;
  const ClockPiece line{.from_ns = pieces.front().from_ns, .slope = slope};
  const double about_line = spread_of(without(std::span(&line, 1), points));
  if (spread_of(without(pieces, points)) > kClearlyBetter * about_line) return std::nullopt;
  wander.mean = {.slope = grown(pieces, until_ns) / (until_ns - line.from_ns),
                 .uncertainty = left->uncertainty};
  return wander;
}

double grown(std::span<const ClockPiece> pieces, double sent_ns) {
  double delay = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const double from = i == 0 ? pieces[i].from_ns : std::min(pieces[i].from_ns, sent_ns);
    const double to = i + 1 < pieces.size() ? std::min(pieces[i + 1].from_ns, sent_ns) : sent_ns;
    delay += pieces[i].slope * (to - from);
  }
  return delay;
}

}  // namespace koegura::decode
