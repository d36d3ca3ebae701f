// disk_trim: tells the device which blocks are free, so that what was erased can be forgotten by
// it, too.
#pragma once

#include <cstdint>
#include <string>

#include "capture/error.h"

namespace koegura::store {

// Of the filesystem that the folder lies on; gives how many bytes were told. May take minutes.
// Refused where the filesystem or the device cannot, or this user may not (CAP_SYS_ADMIN).
[[nodiscard]] Result<std::uint64_t> trim_free_blocks(const std::string& folder);

}  // namespace koegura::store
