// The index's RocksDB: how it is opened, and what its failures mean to a reader. Included by
// index.cc alone.
#pragma once

#include <rocksdb/db.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "index.h"

namespace koegura::store {

using Database = std::shared_ptr<rocksdb::DB>;

// What becomes of a log that is damaged before its end.
enum class DamagedLog : unsigned char {
  kRefused,
  kCut,  // what stands before the damage is kept, the rest is gone
};
[[nodiscard]] Result<Database> open_database(const std::string& folder, IndexOptions::Access access,
                                             DamagedLog damaged = DamagedLog::kRefused);

// What a writer's last batch changed in the folder, so that a reader need not ask RocksDB, which
// takes a millisecond, whether there was one. Every batch makes a log longer, every table the
// manifest; new files change the folder.
struct FolderState {
  std::int64_t changed_ns = 0;  // 0: unknown, and equal to none
  std::string log;
  std::string manifest;
  std::int64_t log_bytes = 0;
  std::int64_t manifest_bytes = 0;
  [[nodiscard]] bool is_known() const { return changed_ns != 0; }
  friend bool operator==(const FolderState&, const FolderState&) = default;
};
// `before` saves a look through the folder.
[[nodiscard]] FolderState folder_state(const std::string& folder, const FolderState& before);

[[nodiscard]] std::unique_ptr<IndexCursor> make_cursor(Database database);

[[nodiscard]] std::unique_ptr<PickedRecords> pick_records(Database database,
                                                          const std::vector<Ulid>& ids);

// Of one that was flushed and compacted: what still has deleted keys, is written anew without them.
[[nodiscard]] Result<void> wipe_database(rocksdb::DB& database);

// Says what to do where something can be done; kDamaged where that is a rebuild.
[[nodiscard]] tl::unexpected<Error> database_failure(const rocksdb::Status& status);

inline rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}
inline std::string_view view(const rocksdb::Slice& bytes) {
  return {bytes.data(), bytes.size()};
}

}  // namespace koegura::store
