// An archive for who must not wait for its index: a live recorder. Where the index is damaged it
// opens all the same, and a thread of its own rebuilds the index from the call files, as reindex
// does.
//
// Until that is over, check_room, put and every question fail with kDamaged, saying how far it is;
// id_of, file_of and temporary_directory are as ever; summary tells the disk's figures and why it
// has no others; what is noted is entered in the ledger. Then everything is as with Archive::open.
// The archive's lock is held from the first look to the end. One that is killed or destroyed before
// is gone on with by the next.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "store/archive.h"

namespace koegura::store {

struct RebuildOptions {
  // After a rebuild that failed, as on a full disk; for as long as it takes.
  Duration retry_after = std::chrono::minutes(1);
  // A file that cannot be read, which is not in the index then. In the rebuild's thread.
  std::function<void(const std::string& path, const Error& why)> problem = [](auto&&...) {};
  // Why a rebuild failed; and that the archive is open, and what the last one read. In its thread.
  std::function<void(const Error& why)> refused = [](auto&&...) {};
  std::function<void(const ReindexReport& report)> done = [](auto&&...) {};
};

// As Archive::open for writing; and where that fails for damage alone, as above. `rebuild` then
// says so: never nothing.
[[nodiscard]] Result<std::unique_ptr<Archive>> open_or_rebuild(const std::string& directory,
                                                               const ArchiveOptions& options,
                                                               const RebuildOptions& rebuild);

}  // namespace koegura::store
