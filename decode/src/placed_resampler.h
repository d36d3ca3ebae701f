// PlacedResampler: mono samples that stand anywhere on the call's timeline, and closer or further
// apart than its samples, to the samples of the timeline. By windowed sinc, so that the place of
// each is exact: what was lost, or how the samples were cut into packets, moves none of the others.
//
//   (begin (turn | convert)* end)*
//
// libswresample (Resampler) converts between rates that are whole numbers; it begins each run on a
// sample and keeps no place to a fraction of one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "piece_queue.h"

namespace koegura::decode {

class PlacedResampler {
 public:
  // The first sample to come stands at `place`, and each of them `step` after the one before, in
  // samples of the call. A step below 0.95 (to lower rates) aliases. REQUIRES: step > 0.
  void begin(double place, double step);
  [[nodiscard]] bool is_running() const { return running_; }
  // From the sample on that comes next, each is `step` after the one before. What is held back is
  // taken for the same step. REQUIRES: it differs by less than 2 %.
  void turn(double step);
  // Appends what can be told already, from floor(place) on without a gap.
  void convert(std::span<const Sample> in, SampleBuffer& out);
  // Appends the rest, up to floor(place of the sample that would come next).
  void end(SampleBuffer& out);

 private:
  // Appends the samples whose surroundings are known.
  void run(SampleBuffer& out);
  [[nodiscard]] Sample at(double index) const;

  bool running_ = false;
  double place_ = 0;
  double step_ = 1;
  std::int64_t margin_ = 0;    // samples that stand in at both ends
  std::int64_t fed_ = 0;       // samples
  Position next_ = 0;          // to append
  Position until_ = 0;         // the end, once it is known
  std::vector<Sample> known_;  // of those fed, and what stands in before and behind them
  std::int64_t known_from_ = 0;
};

}  // namespace koegura::decode
