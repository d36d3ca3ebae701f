// Pages that are damaged or hostile: what is kept of them, and what they may cost.
#include "fax_image.h"

#include <doctest/doctest.h>

using namespace koegura;
using namespace koegura::decode;

namespace {

FaxPageData page_of(std::size_t octets, std::byte value) {
  FaxPageData page;
  page.append(std::vector<std::byte>(octets, value));
  return page;
}

constexpr FaxFormat kMmr = {.compression = FaxCompression::kMmr, .ecm = true, .width = 1728};

}  // namespace

TEST_CASE("T.6 that says a row in every bit is cut at the longest page") {
  // Vertical mode 0, and nothing else: each row is as white as the one before.
  const FaxImage image = decode_fax_image(page_of(kMaxPageBytes, std::byte{0xFF}), kMmr);
  CHECK(image.rows == kMaxPageRows);
  CHECK(image.cut);
  CHECK(image.pixels.size() == std::size_t{image.rows} * image.row_bytes);
}

TEST_CASE("the widest page is cut where its pixels are too many") {
  FaxFormat wide = kMmr;
  wide.width = 14592;
  const FaxImage image = decode_fax_image(page_of(1U << 16U, std::byte{0xFF}), wide);
  CHECK(image.cut);
  CHECK(image.pixels.size() <= kMaxImageBytes);
  CHECK(image.pixels.size() + 2 * image.row_bytes > kMaxImageBytes);
}

TEST_CASE("of a page of MMR nothing behind a gap is taken") {
  FaxPageData page = page_of(10, std::byte{0xFF});
  page.note_gap();
  page.append(std::vector<std::byte>(10, std::byte{0xFF}));
  const FaxImage image = decode_fax_image(page, kMmr);
  CHECK(image.rows <= 80);
  CHECK(image.rows >= 79);
  CHECK(image.cut);
}

TEST_CASE("zeros, nothing and what cannot be decoded have no rows") {
  CHECK(decode_fax_image(page_of(1000, std::byte{0}), kMmr).rows == 0);
  CHECK(decode_fax_image(FaxPageData(), kMmr).rows == 0);
  FaxFormat colour = kMmr;
  colour.compression = FaxCompression::kOther;
  CHECK(decode_fax_image(page_of(1000, std::byte{0xFF}), colour).rows == 0);
}

TEST_CASE("a page that never ends is cut at so many octets") {
  FaxPageData page = page_of(kMaxPageBytes, std::byte{1});
  CHECK_FALSE(page.is_cut());
  page.append(std::vector<std::byte>(1, std::byte{1}));
  CHECK(page.is_cut());
  CHECK(page.octets().size() == kMaxPageBytes);
}
