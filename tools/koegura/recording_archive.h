// recording_archive: the archive as a live recorder opens it, which must not be deaf for what
// became of the ledger or of the index. What it finds is logged, and so is what becomes of it.
#pragma once

#include <memory>
#include <string>

#include "store/archive.h"

namespace koegura::tools {

// Fails as store::open_or_rebuild does.
[[nodiscard]] Result<std::unique_ptr<store::Archive>> open_to_record(const std::string& directory,
                                                                     store::ArchiveOptions options);

}  // namespace koegura::tools
