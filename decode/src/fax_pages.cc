#include "fax_pages.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

namespace koegura::decode {

FaxPages::Rows FaxPages::rows_of(const FaxImage& image) {
  Rows rows;
  for (std::uint32_t i = 0; i < image.rows; ++i) {
    const std::uint8_t* row = image.pixels.data() + std::size_t{i} * image.row_bytes;
    const bool is_white =
        std::all_of(row, row + image.row_bytes, [](auto byte) { return byte == 0; });
    if (is_white) continue;
    const std::string_view bytes(reinterpret_cast<const char*>(row), image.row_bytes);
    ++rows[std::hash<std::string_view>()(bytes)];
  }
  return rows;
}

// Half of the rows that say something are the same: damage leaves more than that.
bool FaxPages::is_like_refused(const Rows& rows) const {
  std::uint64_t total = 0;
  std::uint64_t same = 0;
  for (const auto& [hash, times] : rows) {
    total += times;
    const auto before = refused_.find(hash);
    if (before != refused_.end()) same += std::min(times, before->second);
  }
  return total != 0 && 2 * same >= total;
}

void FaxPages::add(const FaxPageData& data, FaxPage& page) {
  const FaxImage image = decode_fax_image(data, page.format);
  ++pages_;
  pixel_bytes_ += image.pixels.size();
  page.cut = page.cut || image.cut;
  if (image.rows != 0 && tiff_.add(image, page.format)) {
    page.rows = image.rows;
    page.bad_rows = image.bad_rows;
  } else if (image.rows != 0) {
    page.cut = true;
  }
  if (!refused_.empty()) page.again = is_like_refused(rows_of(image));
  refused_.clear();
  if (page.answer == PageAnswer::kRefused) refused_ = rows_of(image);
}

}  // namespace koegura::decode
