// What Archive::open and reindex do, within a folder that is open already: for who has its lock and
// keeps it over both.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "archive_folder.h"
#include "capture/error.h"
#include "store/archive.h"

namespace koegura::store {

// REQUIRES: for kWrite, the folder has the lock.
[[nodiscard]] Result<std::unique_ptr<Archive>> open_in(ArchiveFolder folder, OpenMode mode,
                                                       const ArchiveOptions& options);

struct ReindexControl {
  std::function<void(const std::string& path, const Error& why)> problem;
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;
  // Asked before each file: where it fails so does the rebuild, and nothing is left of it.
  std::function<Result<void>()> may_go_on;
  // Once it is true the rebuild fails within a file; what is done stays, to be gone on with.
  std::atomic<bool>& stop;
};
// REQUIRES: the folder has the lock, and its index is closed.
[[nodiscard]] Result<ReindexReport> reindex_in(const ArchiveFolder& folder,
                                               const ArchiveOptions& options,
                                               const ReindexControl& control);

}  // namespace koegura::store
