// SampleHash: SHA-256 of stereo samples as interleaved s16le, which stays true through every
// lossless copy of the audio.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "sample_buffer.h"

struct evp_md_ctx_st;

namespace koegura::decode {

class SampleHash {
 public:
  SampleHash();
  // REQUIRES: left and right are of one length.
  void update(std::span<const Sample> left, std::span<const Sample> right);
  [[nodiscard]] std::array<std::uint8_t, 32> finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
  std::vector<Sample> interleaved_;
};

}  // namespace koegura::decode
