// ReportMarks: what had been received of a stream here when each RTCP report of it passed.
//
//   on_packet* finish
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "capture/time.h"

namespace koegura::decode {

struct ReportMark {
  std::int64_t highest = 0;  // extended sequence number; without meaning if there was no packet
  std::uint32_t packets = 0;
};

class ReportMarks {
 public:
  // REQUIRES: moments are in order.
  void watch(std::vector<Timestamp> moments) { moments_ = std::move(moments); }
  // Before the packet is counted: highest and packets are those so far.
  void on_packet(Timestamp arrival, std::int64_t highest, std::uint32_t packets) {
    while (marks_.size() < moments_.size() && arrival > moments_[marks_.size()]) {
      marks_.push_back({.highest = highest, .packets = packets});
    }
  }
  void finish(std::int64_t highest, std::uint32_t packets) {
    marks_.resize(moments_.size(), {.highest = highest, .packets = packets});
  }
  // One for each moment. After finish.
  [[nodiscard]] std::span<const ReportMark> marks() const { return marks_; }

 private:
  std::vector<Timestamp> moments_;
  std::vector<ReportMark> marks_;
};

}  // namespace koegura::decode
