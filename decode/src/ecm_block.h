// EcmBlock: a partial page of error correction mode (ITU-T T.4 Annex A, T.30 Annex A): up to 256
// numbered frames, sent again until the receiver has all of them.
//
//   (add_frame* end_of_burst)* append_to
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "fax_page_data.h"
#include "t30_frame.h"

namespace koegura::decode {

class EcmBlock {
 public:
  static constexpr std::size_t kFrames = 256;
  static constexpr std::size_t kMaxFrameOctets = 256;

  // FCD's information: the frame's number, then its octets.
  void add_frame(Bytes information);
  // PPS says how many there are; of what is sent again some say only how many these are.
  void expect(std::uint32_t frames);
  // Takes over what another burst brought.
  void merge(EcmBlock& burst);
  void clear();

  [[nodiscard]] bool empty() const { return present_ == 0; }
  [[nodiscard]] std::uint32_t missing() const;
  void append_to(FaxPageData& page) const;

 private:
  std::array<std::vector<std::byte>, kFrames> frames_;  // empty: not there
  std::uint32_t present_ = 0;
  std::uint32_t expected_ = 0;
};

}  // namespace koegura::decode
