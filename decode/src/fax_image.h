// FaxImage: a page's rows of pixels out of its code (ITU-T T.4, T.6).
#pragma once

#include <cstdint>
#include <vector>

#include "decode/fax.h"
#include "fax_page_data.h"

namespace koegura::decode {

// The longest page that is kept; 2.1 m at 7.7 lines/mm. T.6 may say a row in a bit.
inline constexpr std::uint32_t kMaxPageRows = 1U << 14U;
inline constexpr std::size_t kMaxImageBytes = 16U << 20U;

struct FaxImage {
  std::uint32_t row_bytes = 0;
  std::uint32_t rows = 0;
  std::uint32_t bad_rows = 0;  // the row before stands in for them
  bool cut = false;            // it was longer than is kept, or a gap ended what can be decoded
  std::vector<std::uint8_t>
      pixels;  // rows one after the other; leftmost most significant, 1 is black
};

// As far as it comes: of MH and MR the rows around a gap are lost, of MMR all behind it. No rows:
// of a compression that is not known.
[[nodiscard]] FaxImage decode_fax_image(const FaxPageData& page, const FaxFormat& format);

}  // namespace koegura::decode
