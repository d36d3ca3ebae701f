// check_tiff: are all pages of a fax's TIFF there? Not what is in them: the file's checksums tell
// that.
#pragma once

#include <cstdint>

#include "capture/error.h"
#include "decode/matroska.h"

namespace koegura::store {

// Follows the pages of a TIFF as decode writes it (little-endian, TIFF 6.0 §2); `pages` is how many
// the call's record tells of.
[[nodiscard]] Result<void> check_tiff(const decode::Attachment& attachment, std::uint32_t pages);

}  // namespace koegura::store
