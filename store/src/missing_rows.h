// missing_rows: the last step of archiving, made up for at the start: a call whose file is in its
// place and whose row is not in the index. A writer that died between the two leaves one; a log of
// the index that was lost leaves many.
#pragma once

#include <cstdint>

#include "archive_folder.h"
#include "capture/error.h"
#include "index.h"

namespace koegura::store {

// Looks through the folders of calls/ from the newest, until some in a row lack nothing; through
// all of them where the index may miss any call (Index::may_miss_calls). Files that are not whole
// are left alone. Gives how many rows were added; fails if the index cannot be read. One that
// cannot be written is tried again at the next start.
[[nodiscard]] Result<std::uint64_t> add_missing_rows(const ArchiveFolder& folder, Index& index);

}  // namespace koegura::store
