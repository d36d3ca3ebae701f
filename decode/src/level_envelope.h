// LevelEnvelope: how loud one channel was, ten times a second: what stays of a voice through any
// codec, so that a transcoded copy of a call is told.
//
// Frames of 100 ms lie on the capture's clock, the same for every call: the first is
// floor(start / 100 ms), and is as much shorter as the call began within it. Levels: 0 is silence,
// below -70 dBov; level n is -70 + (n - 1) / 2 dBov or more, below the next half decibel; 141 is 0
// dBov, the power of the largest sample (ITU-T G.100.1). Where nothing was on the wire there is
// silence.
//
//   add* take
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "capture/time.h"
#include "piece_queue.h"

namespace koegura::decode {

// Sum of squares of samples.
[[nodiscard]] std::uint64_t energy_of(std::span<const Sample> samples);
// dBov of a mean square of samples: 0 is the power of the largest one (ITU-T G.100.1).
[[nodiscard]] double dbov_of(double mean_square);
// Of the mean square of samples.
[[nodiscard]] std::uint8_t level_of(std::uint64_t mean_square);

class LevelEnvelope {
 public:
  static constexpr Duration kFrame = std::chrono::milliseconds(100);
  static constexpr Duration kReach = std::chrono::hours(2);  // of the call

  LevelEnvelope(Timestamp call_start, std::uint32_t call_rate);

  // The channel's next samples.
  void add(std::span<const Sample> samples);
  // Without the silence at the end.
  [[nodiscard]] std::vector<std::uint8_t> take();

 private:
  void begin_frame();
  void end_frame();

  Duration into_frame_;  // the call's start
  std::uint32_t call_rate_;
  Position at_ = 0;
  Position frame_from_ = 0;
  Position frame_to_ = 0;
  std::uint64_t energy_ = 0;  // of the frame so far
  std::vector<std::uint8_t> levels_;
};

}  // namespace koegura::decode
