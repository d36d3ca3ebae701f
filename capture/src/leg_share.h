// LegShare: how much text one leg may keep of what ties it to others, and how often that was too
// little. A message may have 64 KiB of header fields, and a leg any number of messages.
#pragma once

#include <cstddef>
#include <cstdint>

namespace koegura::capture {

class LegShare {
 public:
  // For an entry of that much text behind `count` others, of `most`; if not, that is counted.
  [[nodiscard]] bool has_room(std::size_t count, std::size_t most, std::size_t bytes) {
    if (count >= most || bytes > kMaxText - text_) {
      refuse(1);
      return false;
    }
    text_ += bytes;
    return true;
  }
  void refuse(std::uint64_t entries) { refused_ += entries; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  static constexpr std::size_t kMaxText = 16U << 10U;
  std::size_t text_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace koegura::capture
