// Waveform: an overview of a call for viewers: of every 10 ms of each channel the lowest and the
// highest sample, as audiowaveform's binary format has it, version 2:
//
//   i32 version = 2      u32 flags = 1: 8 bits a value
//   i32 sample rate      i32 samples a bin (10 ms; where the rate does not divide, rounded)
//   u32 bins             i32 channels = 2
//   bins * channels * (i8 lowest, i8 highest)      left = caller, right = callee
//
// Numbers are little-endian. A value is the sample divided by 256, towards zero, as audiowaveform
// itself does. The last bin may be shorter. Memory: 4 bytes a bin, 24 KB a minute.
//
//   add* take
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sample_buffer.h"

namespace koegura::decode {

class Waveform {
 public:
  static constexpr std::uint32_t kBinsPerSecond = 100;

  explicit Waveform(std::uint32_t rate);
  // REQUIRES: the two channels are of one length.
  void add(const std::array<std::span<const Sample>, 2>& channels);
  // The whole file; without samples, nothing.
  [[nodiscard]] std::vector<std::byte> take();

 private:
  struct Extent {
    Sample lowest = 0;
    Sample highest = 0;
  };
  void end_bin();

  std::uint32_t rate_;
  std::size_t bin_samples_;
  std::size_t filled_ = 0;  // samples of the bin that is open
  std::array<Extent, 2> open_{};
  std::vector<std::byte> file_;  // its header is filled in at the end
};

}  // namespace koegura::decode
