// follow_clock: a sender's clock whose rate changes within a stretch (temperature in a call of
// hours, a computer that slews its clock), as pieces of some minutes with a rate each.
//
// Each piece has the slope that fit_clock finds in it, and begins where the one before ends: so a
// route that changes, or a queue, bends the pieces as little as it bends a line. What little errors
// of many pieces add up to is taken back by the slope of the whole.
// Rejected: pieces through the least delayed packets of each (a route that changes would pass for a
// clock), pieces that end where the rate changes most (of many changes it finds one after the
// other).
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "clock_fit.h"

namespace koegura::decode {

struct ClockPiece {
  double from_ns = 0;  // on the sender's clock: ClockPoint::sent_ns
  double slope = 0;
};

struct ClockWander {
  std::vector<ClockPiece> pieces;  // in order of from_ns
  ClockFit mean;
};

// Nothing if one line of this slope explains the points about as well, strays no further from the
// pieces than that, or there are not two of them. Points in order of sent_ns.
[[nodiscard]] std::optional<ClockWander> follow_clock(std::span<const ClockPoint> points,
                                                      double slope, double strays_ns);

// How much the delay grows from the first piece's begin to there.
[[nodiscard]] double grown(std::span<const ClockPiece> pieces, double sent_ns);

}  // namespace koegura::decode
