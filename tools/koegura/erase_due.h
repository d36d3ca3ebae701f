// erase_due: what is due is erased, part by part, so that nobody who wants to change something
// else waits for long; then wiped.
#pragma once

#include <cstdint>
#include <functional>

#include "capture/error.h"
#include "store/archive.h"

namespace koegura::tools {

// `goes_on` is told how many calls went so far; false ends it after that part. Approved by the user
// whose process this is. `refusal` of what comes back says why nothing may be erased; a failure is
// one of the ledger or index.
[[nodiscard]] Result<Erased> erase_due(store::Archive& archive,
                                       const std::function<bool(std::uint64_t done)>& goes_on);

}  // namespace koegura::tools
