// The index's RocksDB: how it is opened, and what its failures mean to a reader. Included by
// index.cc alone.
#pragma once

#include <rocksdb/db.h>

#include <memory>
#include <string>
#include <string_view>

#include "index.h"

namespace koegura::store {

using Database = std::shared_ptr<rocksdb::DB>;

[[nodiscard]] Result<Database> open_database(const std::string& folder,
                                             IndexOptions::Access access);

// Says what to do where something can be done.
[[nodiscard]] tl::unexpected<Error> database_failure(const rocksdb::Status& status);

inline rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}
inline std::string_view view(const rocksdb::Slice& bytes) {
  return {bytes.data(), bytes.size()};
}

}  // namespace koegura::store
