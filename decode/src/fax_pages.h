// FaxPages: where the pages of a call's faxes come together: each is decoded and goes into the
// TIFF.
#pragma once

#include <cstddef>
#include <unordered_map>
#include <vector>

#include "decode/fax.h"
#include "fax_image.h"
#include "fax_page_data.h"
#include "fax_tiff.h"

namespace koegura::decode {

class FaxPages {
 public:
  // A call may have so many pages, and so many bytes of pixels (some 1,000 pages of A4).
  static constexpr std::uint32_t kMaxPages = 1000;
  static constexpr std::uint64_t kMaxPixelBytes = 1U << 29U;

  [[nodiscard]] bool is_full() const {
    return pages_ == kMaxPages || pixel_bytes_ > kMaxPixelBytes;
  }
  // Fills in what only the image tells: rows, bad rows, and whether it is the page before once
  // more, if that one was refused. Adds to `cut`.
  void add(const FaxPageData& data, FaxPage& page);
  [[nodiscard]] std::vector<std::byte> take_tiff() { return tiff_.take(); }

 private:
  using Rows =
      std::unordered_map<std::size_t, std::uint32_t>;  // hash of a row that is not white: how often
  [[nodiscard]] static Rows rows_of(const FaxImage& image);
  [[nodiscard]] bool is_like_refused(const Rows& rows) const;

  FaxTiff tiff_;
  std::uint32_t pages_ = 0;
  std::uint64_t pixel_bytes_ = 0;
  Rows refused_;  // of the page before, if it was refused
};

}  // namespace koegura::decode
