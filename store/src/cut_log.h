// Cut log: an index whose log was damaged, and opened without what stood behind the damage. A mark
// beside the index, which does not know of it itself, says so until the calls were added anew.
#pragma once

#include <string>

#include "capture/error.h"
#include "rocks_database.h"

namespace koegura::store {

// To be written to. Gives `why` if it is not the log that keeps it from being opened.
[[nodiscard]] Result<Database> open_cut(const std::string& folder, Error why);

[[nodiscard]] bool was_log_cut(const std::string& folder);
[[nodiscard]] Result<void> forget_cut(const std::string& folder);

}  // namespace koegura::store
