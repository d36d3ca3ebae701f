// memory_limits: the bounds on what the wire can fill, by name: which setting each has, and whether
// what is beyond it is lost.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "capture/capture.h"
#include "output.pb.h"

namespace koegura::tools {

// A maintainer's view of one member of LimitHits.
struct Limit {
  const char* name;
  const char* setting;  // in koegura.toml; empty: there is none
  const char* noun;     // what is counted, and
  const char* beyond;   // what happened to it
  bool loses;           // something of calls
  std::uint64_t capture::LimitHits::*hits;
};
[[nodiscard]] std::span<const Limit> all_limits();
// "12 SIP messages of calls that could not be followed (signalling.max_legs)".
[[nodiscard]] std::string limit_text(const Limit& limit, std::uint64_t hits);

// Those that were met.
void fill_limits(RecorderStatus& status, const capture::CaptureStats& stats);
// A line of `status` each.
[[nodiscard]] std::vector<std::string> limit_lines(const RecorderStatus& recorder);

}  // namespace koegura::tools
