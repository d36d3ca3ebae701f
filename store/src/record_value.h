// How values stand in a record, wherever they come from.
#pragma once

#include <cmath>
#include <optional>
#include <string>

#include "capture/finished_call.h"

namespace koegura::store {

// JSON has no word for what is not a number.
[[nodiscard]] inline double finite(double value) {
  return std::isfinite(value) ? value : 0;
}

// Of a figure that was measured or estimated: to a millionth of itself, which none is exact to. The
// bytes that this leaves zero compress, others do not.
[[nodiscard]] inline double figure(double value) {
  constexpr int kBits = 21;  // so that four of a double's eight bytes are zero
  int exponent = 0;
  const double fraction = std::frexp(finite(value), &exponent);
  return std::ldexp(std::round(std::ldexp(fraction, kBits)), exponent - kBits);
}

// proto3 has no word for what is not known.
[[nodiscard]] inline double figure(const std::optional<double>& value) {
  return figure(value.value_or(0));
}

[[nodiscard]] inline std::string side_name(capture::Side side) {
  return side == capture::Side::kCaller ? "caller" : "callee";
}

}  // namespace koegura::store
