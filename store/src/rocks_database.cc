#include "rocks_database.h"

#include <rocksdb/cache.h>
#include <rocksdb/table.h>

namespace koegura::store {

namespace {

using Access = IndexOptions::Access;

// The index shares a box with capture: small, and content with it.
constexpr std::size_t kWriteBufferBytes = 4U << 20U;
constexpr std::size_t kCacheBytes = 16U << 20U;
constexpr std::size_t kBlockBytes = 4U << 10U;  // a row costs one block

// RocksDB's own LOG is not kept: a reader may not be allowed to write one, and a writer whose disk
// is full would end in an assertion of Debian's build as soon as the LOG was refused a write.
class SilentLogger : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

rocksdb::Options rocksdb_options(Access access) {
  rocksdb::BlockBasedTableOptions table;
  table.block_size = kBlockBytes;
  table.block_cache = rocksdb::NewLRUCache(kCacheBytes);
  // No Bloom filter: what is asked for is there, but for new calls, whose ids lie past every
  // table's end.
  table.format_version = 5;

  rocksdb::Options out;
  out.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  out.create_if_missing = access != Access::kRead;
  out.paranoid_checks = true;
  out.verify_sst_unique_id_in_manifest = true;  // each table is the one that was written
  // Every batch is synced: a power cut can only tear the last one, which nobody was told of. Damage
  // further up is of acknowledged calls, and refused, where kPointInTimeRecovery, the default,
  // would go on without those that follow it and say nothing.
  out.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // A log that is missing or too short is damage. (A reader cannot: it may be behind the writer.)
  out.track_and_verify_wals_in_manifest = access != Access::kRead;
  out.write_buffer_size = kWriteBufferBytes;
  out.max_write_buffer_number = 2;
  out.compression = rocksdb::kLZ4Compression;
  out.max_background_jobs = 2;
  out.info_log = std::make_shared<SilentLogger>();
  if (access == Access::kRead) {
    out.max_open_files = -1;  // what a secondary requires: the writer may delete what it has open
  }
  return out;
}

}  // namespace

tl::unexpected<Error> database_failure(const rocksdb::Status& status) {
  if (status.IsNoSpace()) return failure("the index: no space left on the disk");
  // A file of it that is not there is damage, too.
  if (status.IsCorruption() || status.IsPathNotFound()) {
    return failure("the index is damaged (" + status.ToString() +
                   "): `koegura reindex` rebuilds it from the call files");
  }
  return failure("the index: " + status.ToString());
}

Result<Database> open_database(const std::string& folder, Access access) {
  rocksdb::DB* opened = nullptr;
  const rocksdb::Options options = rocksdb_options(access);
  // OpenForReadOnly is not made for a database that is being written to; a secondary is. Its own
  // folder would hold only the LOG that it does not write.
  const rocksdb::Status status =
      access == Access::kRead ? rocksdb::DB::OpenAsSecondary(options, folder, folder, &opened)
                              : rocksdb::DB::Open(options, folder, &opened);
  if (!status.ok()) return database_failure(status);
  return Database(opened);
}

}  // namespace koegura::store
