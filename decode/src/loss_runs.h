// LossRuns: the stretches of packets that are missing in one stream, as they are found. Their
// number is bounded: a stream of many gets coarser ones, that count the same packets.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "decode/call_quality.h"

namespace koegura::decode {

// Packets in a row that are missing.
struct LossRun {
  std::int64_t sequence = 0;  // extended: the first of them
  std::int64_t packets = 0;
  double from_s = 0;  // on the call's timeline
  double to_s = 0;
  LostBy lost_by = LostBy::kUnknown;
};

class LossRuns {
 public:
  static constexpr std::size_t kMaxRuns = 8192;

  // Runs come in order of their numbers.
  void add(const LossRun& run);
  [[nodiscard]] std::span<LossRun> runs() { return runs_; }
  [[nodiscard]] std::span<const LossRun> runs() const { return runs_; }
  [[nodiscard]] std::uint32_t longest() const { return static_cast<std::uint32_t>(longest_); }
  // G.107 §7.8: the mean length of the runs against that of random losses of the same number. 0
  // without any. received: packets of the stream.
  [[nodiscard]] double burst_ratio(std::uint32_t received) const;

 private:
  void coarsen();

  std::vector<LossRun> runs_;
  std::int64_t longest_ = 0;
  std::int64_t lost_ = 0;
  std::int64_t count_ = 0;  // of runs, before they were made coarser
};

}  // namespace koegura::decode
