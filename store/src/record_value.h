// How values stand in a record, wherever they come from.
#pragma once

#include <cmath>
#include <string>

#include "capture/finished_call.h"

namespace koegura::store {

// JSON has no word for what is not a number.
[[nodiscard]] inline double finite(double value) {
  return std::isfinite(value) ? value : 0;
}

[[nodiscard]] inline std::string side_name(capture::Side side) {
  return side == capture::Side::kCaller ? "caller" : "callee";
}

}  // namespace koegura::store
