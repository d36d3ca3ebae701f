#include "rocks_database.h"

#include <fcntl.h>
#include <rocksdb/cache.h>
#include <rocksdb/table.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "capture/folder_entries.h"

namespace koegura::store {

namespace {

using Access = IndexOptions::Access;

// The index shares a box with capture: small, and content with it.
constexpr std::size_t kWriteBufferBytes = 4U << 20U;
constexpr std::size_t kCacheBytes = 32U << 20U;
constexpr std::uint32_t kDictionaryBytes = 16U << 10U;
constexpr std::uint64_t kDictionarySampleBytes = 2U << 20U;
constexpr std::size_t kBlockBytes = 2U << 10U;  // a row costs one block, which is read as a whole

// RocksDB's own LOG is not kept: a reader may not be allowed to write one, and a writer whose disk
// is full would end in an assertion of Debian's build as soon as the LOG was refused a write.
class SilentLogger : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

rocksdb::Options rocksdb_options(Access access, DamagedLog damaged) {
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
  // A power cut tears what was not synced, and leaves a hole where a later page came to the disk
  // before an earlier one. RocksDB's default goes on without all that follows a hole and says
  // nothing: here it is refused first, so that who opens it knows that calls are missing.
  out.wal_recovery_mode = damaged == DamagedLog::kCut
                              ? rocksdb::WALRecoveryMode::kPointInTimeRecovery
                              : rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // A log that is missing or too short is damage. (A reader cannot: it may be behind the writer.)
  out.track_and_verify_wals_in_manifest = access != Access::kRead;
  out.write_buffer_size = kWriteBufferBytes;
  out.max_write_buffer_number = 2;
  // What calls take where they come to stay, and cost to read, matters; what that costs to write
  // does not, once. The dictionary is of a table's first megabytes: a block has two calls, and
  // every call has the same words.
  out.compression = rocksdb::kLZ4Compression;
  out.bottommost_compression = rocksdb::kLZ4HCCompression;
  out.bottommost_compression_opts.enabled = true;
  out.bottommost_compression_opts.max_dict_bytes = kDictionaryBytes;
  out.bottommost_compression_opts.max_dict_buffer_bytes = kDictionarySampleBytes;
  out.max_background_jobs = 2;
  out.info_log = std::make_shared<SilentLogger>();
  // A manifest has the first and last key of each table that came or went since it was begun: words
  // and numbers of calls, erased ones, too. So each change begins another.
  if (access == Access::kWrite) out.max_manifest_file_size = 1;
  if (access == Access::kRead) {
    out.max_open_files = -1;  // what a secondary requires: the writer may delete what it has open
  }
  return out;
}

class RocksCursor : public IndexCursor {
 public:
  explicit RocksCursor(Database database)
      : database_(std::move(database)), iterator_(database_->NewIterator(rocksdb::ReadOptions())) {}
  void seek(std::string_view key) override { iterator_->Seek(slice(key)); }
  void seek_back(std::string_view key) override { iterator_->SeekForPrev(slice(key)); }
  void next() override { iterator_->Next(); }
  void previous() override { iterator_->Prev(); }
  [[nodiscard]] bool valid() const override { return iterator_->Valid(); }
  [[nodiscard]] std::string_view key() const override { return view(iterator_->key()); }
  [[nodiscard]] std::string_view value() const override { return view(iterator_->value()); }
  [[nodiscard]] Result<void> status() const override {
    if (!iterator_->status().ok()) return database_failure(iterator_->status());
    return {};
  }
  [[nodiscard]] std::unique_ptr<IndexCursor> another() const override {
    return std::make_unique<RocksCursor>(database_);
  }

 private:
  Database database_;  // outlives the iterator
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

class RocksPicked : public PickedRecords {
 public:
  RocksPicked(Database database, const std::vector<Ulid>& ids)
      : database_(std::move(database)), ids_(ids), values_(ids.size()), states_(ids.size()) {
    std::vector<std::string> texts;
    std::vector<rocksdb::Slice> keys;
    texts.reserve(ids.size());
    for (const Ulid& id : ids) keys.push_back(slice(texts.emplace_back(call_key(id))));
    database_->MultiGet(rocksdb::ReadOptions(), database_->DefaultColumnFamily(), keys.size(),
                        keys.data(), values_.data(), states_.data());
  }
  [[nodiscard]] Result<bool> read(std::size_t at, CallRecord& into) const override {
    if (states_[at].IsNotFound()) return false;
    if (!states_[at].ok()) return database_failure(states_[at]);
    return decode_record(view(values_[at]), ids_[at], into).map([] { return true; });
  }

 private:
  Database database_;  // outlives the values, which lie in its cache
  std::vector<Ulid> ids_;
  std::vector<rocksdb::PinnableSlice> values_;
  std::vector<rocksdb::Status> states_;
};

tl::unexpected<Error> damaged_index(const rocksdb::Status& status) {
  return failure("the index is damaged (" + status.ToString() +
                     "): `koegura reindex` rebuilds it from the call files",
                 ErrorKind::kDamaged);
}

// -1: it is not there.
std::int64_t bytes_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_size : -1;
}

// EIO, of one file or of a sector of it. Of an error of the disk RocksDB gives no number to ask.
bool is_unreadable(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno == EIO;
  std::vector<char> block(1U << 20U);
  ssize_t got = 1;
  while (got > 0) got = ::read(file, block.data(), block.size());
  const bool is_bad = got < 0 && errno == EIO;
  ::close(file);
  return is_bad;
}

bool has_unreadable_file(const std::string& folder) {
  bool found = false;
  capture::for_each_entry(folder, [&](const std::filesystem::directory_entry& entry) {
    std::error_code gone;
    found = found || (entry.is_regular_file(gone) && is_unreadable(entry.path()));
  });
  return found;
}

// A disk that no longer gives what was written to it is damage, too: elsewhere on it, it can be
// written anew.
tl::unexpected<Error> opening_failure(const rocksdb::Status& status, const std::string& folder) {
  const bool is_known = !status.IsIOError() || status.IsNoSpace() || status.IsPathNotFound();
  if (is_known || !has_unreadable_file(folder)) return database_failure(status);
  return damaged_index(status);
}

}  // namespace

FolderState folder_state(const std::string& folder, const FolderState& before) {
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return {};
  FolderState state;
  state.changed_ns = status.st_mtim.tv_sec * kNanoseconds + status.st_mtim.tv_nsec;
  state.log = before.log;
  state.manifest = before.manifest;
  if (state.changed_ns != before.changed_ns) {
    state.log.clear();
    state.manifest.clear();
    // Their numbers have leading zeros: the last name is the newest.
    const auto look = [&](const std::filesystem::directory_entry& entry) {
      const std::string path = entry.path();
      if (entry.path().extension() == ".log") state.log = std::max(state.log, path);
      const bool is_manifest = entry.path().filename().string().starts_with("MANIFEST-");
      if (is_manifest) state.manifest = std::max(state.manifest, path);
    };
    const std::error_code error = capture::for_each_entry(folder, look);
    if (error) return {};
  }
  state.log_bytes = bytes_of(state.log);
  state.manifest_bytes = bytes_of(state.manifest);
  return state;
}

std::unique_ptr<IndexCursor> make_cursor(Database database) {
  return std::make_unique<RocksCursor>(std::move(database));
}

std::unique_ptr<PickedRecords> pick_records(Database database, const std::vector<Ulid>& ids) {
  return std::make_unique<RocksPicked>(std::move(database), ids);
}

// A compaction moves a table down as it is, deleted keys and all, where it overlaps with no other.
rocksdb::Status drop_deleted_keys(rocksdb::DB& database) {
  rocksdb::TablePropertiesCollection tables;
  const rocksdb::Status asked = database.GetPropertiesOfAllTables(&tables);
  if (!asked.ok()) return asked;
  const bool has_any = std::any_of(tables.begin(), tables.end(), [](const auto& table) {
    return table.second->num_deletions > 0;
  });
  if (!has_any) return asked;
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  return database.CompactRange(options, nullptr, nullptr);
}

// A manifest begins with the tables as they were before the change that it was begun for: one more
// change, which is none, begins one without those that the compaction replaced.
rocksdb::Status forget_old_tables(rocksdb::DB& database) {
  return database.SetOptions({{"disable_auto_compactions", "false"}});
}

// Nothing removes a manifest before tables change again, unless deletions are turned on anew.
rocksdb::Status remove_old_files(rocksdb::DB& database) {
  const rocksdb::Status off = database.DisableFileDeletions();
  return off.ok() ? database.EnableFileDeletions(/*force=*/true) : off;
}

Result<void> wipe_database(rocksdb::DB& database) {
  for (const auto& step : {drop_deleted_keys, forget_old_tables, remove_old_files}) {
    const rocksdb::Status status = step(database);
    if (!status.ok()) return database_failure(status);
  }
  return {};
}

tl::unexpected<Error> database_failure(const rocksdb::Status& status) {
  if (status.IsNoSpace()) return failure("the index: no space left on the disk");
  // A file of it that is not there is damage, too.
  if (status.IsCorruption() || status.IsPathNotFound()) return damaged_index(status);
  return failure("the index: " + status.ToString());
}

namespace {

// A secondary takes a table that is damaged for one that its writer has removed meanwhile, and
// shows the calls as they were before it, without a word. A reader of its own refuses it; but what
// it misses beside a writer may have been removed indeed: then the folder has changed.
rocksdb::Status open_whole(const rocksdb::Options& options, const std::string& folder) {
  constexpr int kMostChanges = 100;
  rocksdb::Status status;
  for (int tried = 0; tried < kMostChanges; ++tried) {
    const FolderState before = folder_state(folder, {});
    rocksdb::DB* opened = nullptr;
    status = rocksdb::DB::OpenForReadOnly(options, folder, &opened);
    const Database closed(opened);
    if (status.ok() || folder_state(folder, {}) == before) break;
  }
  return status;
}

rocksdb::Status open_beside(const rocksdb::Options& options, const std::string& folder,
                            rocksdb::DB** opened) {
  const rocksdb::Status whole = open_whole(options, folder);
  if (!whole.ok()) return whole;
  // OpenForReadOnly alone would not see what is written later. A secondary's own folder would hold
  // only the LOG that it does not write.
  return rocksdb::DB::OpenAsSecondary(options, folder, folder, opened);
}

}  // namespace

Result<Database> open_database(const std::string& folder, Access access, DamagedLog damaged) {
  rocksdb::DB* opened = nullptr;
  const rocksdb::Options options = rocksdb_options(access, damaged);
  const rocksdb::Status status = access == Access::kRead
                                     ? open_beside(options, folder, &opened)
                                     : rocksdb::DB::Open(options, folder, &opened);
  if (!status.ok()) return opening_failure(status, folder);
  return Database(opened);
}

}  // namespace koegura::store
