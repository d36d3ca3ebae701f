// The index's RocksDB: how it is opened, and what its failures mean to whoever reads them. For
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

// With what to do about it.
[[nodiscard]] tl::unexpected<Error> failed(const rocksdb::Status& status);

inline rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}
inline std::string_view view(const rocksdb::Slice& bytes) {
  return {bytes.data(), bytes.size()};
}

}  // namespace koegura::store
