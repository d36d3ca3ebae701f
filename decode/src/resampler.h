// Resampler: mono samples from one rate to another, by libswresample.
//
//   (convert* flush)*
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "sample_buffer.h"

struct SwrContext;

namespace koegura::decode {

class Resampler {
 public:
  // Null: libswresample refuses.
  [[nodiscard]] static std::unique_ptr<Resampler> create(std::uint32_t from_rate,
                                                         std::uint32_t to_rate);
  // Appends what can be told already; the filter keeps a few samples back.
  void convert(std::span<const Sample> in, SampleBuffer& out);
  // Appends the rest. What comes next begins a new run, unrelated to what was before.
  void flush(SampleBuffer& out);

 private:
  struct Free {
    void operator()(SwrContext* context) const;
  };
  Resampler() = default;
  void run(const Sample* in, std::size_t count, SampleBuffer& out);

  std::unique_ptr<SwrContext, Free> context_;
  bool fed_ = false;
};

}  // namespace koegura::decode
