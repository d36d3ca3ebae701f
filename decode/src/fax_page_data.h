// FaxPageData: the coded image of one page as it was sent, and where something of it is missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "capture/frame.h"

namespace koegura::decode {

using capture::Bytes;

// A page of a fax has some 100 kB; what goes beyond this is cut.
inline constexpr std::size_t kMaxPageBytes = 4U << 20U;

class FaxPageData {
 public:
  void append(Bytes octets);
  // Something is missing here.
  void note_gap();
  void clear();

  [[nodiscard]] Bytes octets() const { return octets_; }  // first bit on the line most significant
  // Offsets of the octets behind each gap, in order.
  [[nodiscard]] const std::vector<std::size_t>& gaps() const { return gaps_; }
  [[nodiscard]] bool is_cut() const { return cut_; }
  [[nodiscard]] bool empty() const { return octets_.empty() && gaps_.empty(); }

 private:
  std::vector<std::byte> octets_;
  std::vector<std::size_t> gaps_;
  bool cut_ = false;
};

}  // namespace koegura::decode
