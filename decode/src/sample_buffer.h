// SampleBuffer: decoded mono samples in order, written at the back and taken from the front.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

namespace koegura::decode {

using Sample = std::int16_t;

// Not a vector: a vector clears what it grows by, and every sample of every call passes here.
class SampleBuffer {
 public:
  // Room for count more samples, which the caller writes. Valid until the next call.
  [[nodiscard]] std::span<Sample> grow(std::size_t count) {
    if (end_ + count > capacity_) make_room(count);
    const std::span<Sample> room(samples_.get() + end_, count);
    end_ += count;
    return room;
  }
  void append(std::span<const Sample> samples) {
    if (samples.empty()) return;
    std::memcpy(grow(samples.size()).data(), samples.data(), samples.size_bytes());
  }
  void drop_front(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) clear();
  }
  void drop_back(std::size_t count) { end_ -= count; }
  void clear() { begin_ = end_ = 0; }

  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }
  [[nodiscard]] std::span<const Sample> samples() const {
    return {samples_.get() + begin_, size()};
  }

 private:
  void make_room(std::size_t count);

  std::unique_ptr<Sample[]> samples_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace koegura::decode
