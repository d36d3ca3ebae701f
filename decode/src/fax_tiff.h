// FaxTiff: pages into one TIFF in memory (TIFF 6.0, RFC 2301 profile F), each compressed by T.6.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "decode/fax.h"
#include "fax_image.h"

namespace koegura::decode {

class FaxTiff {
 public:
  // Beyond this pages are left out.
  static constexpr std::size_t kMaxBytes = 32U << 20U;

  FaxTiff();
  FaxTiff(const FaxTiff&) = delete;
  FaxTiff& operator=(const FaxTiff&) = delete;
  ~FaxTiff();

  // False: there is no room for it (any more). REQUIRES: the image has rows.
  [[nodiscard]] bool add(const FaxImage& image, const FaxFormat& format);
  // The file; empty without pages. Ends the document.
  [[nodiscard]] std::vector<std::byte> take();

 private:
  struct File;
  std::unique_ptr<File> file_;
  std::uint32_t pages_ = 0;
};

}  // namespace koegura::decode
