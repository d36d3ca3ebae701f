// Stretch: what happened between two snapshots of one tap, added up by port: what judge() looks at.
//
// Threads: none.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "hearing.h"

namespace koegura::tools {

// An interface, or a DPDK port with all its queues ("dpdk 0/0" and "dpdk 0/1" are "dpdk 0"): one
// queue may stay silent by night, when few flows hash to it; a port may not.
struct Port {
  std::string name;
  std::string error;     // why it gives no more frames; of the first queue that has one
  Timestamp last_frame;  // 1970 if none came since the start
  // Frames within the stretch.
  std::uint64_t frames = 0;
  std::uint64_t tagged = 0;
  std::uint64_t voip = 0;  // recorded: SIP, RTP, RTCP, T.38
  std::uint64_t duplicates = 0;
  std::uint64_t truncated = 0;
  std::uint64_t lost_ring = 0;
  std::uint64_t lost_interface = 0;
  std::array<std::uint64_t, capture::kDropCount> dropped{};
  // Frames before it.
  std::uint64_t earlier_frames = 0;
  std::uint64_t earlier_tagged = 0;
};

struct Stretch {
  const capture::TapSnapshot* before;
  const capture::TapSnapshot* now;
  HearingOptions options;
  std::vector<Port> ports;  // of `now`, in its order
  Port all;                 // their sum; without name and error

  [[nodiscard]] Duration length() const { return now->at - before->at; }
  [[nodiscard]] Duration uptime() const { return now->at - now->started; }
};
// REQUIRES: both outlive the stretch.
[[nodiscard]] Stretch stretch_between(const capture::TapSnapshot& before,
                                      const capture::TapSnapshot& now,
                                      const HearingOptions& options);

[[nodiscard]] bool is_set(Timestamp time);             // not 1970
[[nodiscard]] std::string lasting(Duration duration);  // "45 s", "12 min", "3 h", "4 days"
[[nodiscard]] std::string share_text(std::uint64_t part, std::uint64_t whole);  // "12 %", "0.03 %"

// What may be wrong, each adding its findings. In hearing.cc: what is not heard; in
// hearing_losses.cc: what was there and is lost.
void find_losses(const Stretch& stretch, std::vector<Finding>& findings);
void find_defects(const Stretch& stretch, std::vector<Finding>& findings);

}  // namespace koegura::tools
