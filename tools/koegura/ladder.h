// ladder: SIP messages drawn as arrows between the lifelines of their endpoints, like sngrep's.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "output.pb.h"

namespace koegura::tools {

// Lines, coloured where stdout is a terminal. Wider than `columns` only if there are more endpoints
// than fit.
[[nodiscard]] std::vector<std::string> draw_ladder(std::span<const LadderStep> steps,
                                                   std::size_t columns);

// The same of several calls: each message has the letter of its call before it, and a legend below
// says which that is.
struct LadderCall {
  std::string id;  // as in LadderStep.call
  std::string letter;
  std::vector<std::string> legend;  // lines
};
[[nodiscard]] std::vector<std::string> draw_ladder(std::span<const LadderStep> steps,
                                                   std::span<const LadderCall> calls,
                                                   std::size_t columns);

}  // namespace koegura::tools
