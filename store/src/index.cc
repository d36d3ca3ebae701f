#include "index.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <filesystem>
#include <system_error>

#include "cut_log.h"
#include "durable_file.h"
#include "index_upgrade.h"
#include "joining_legs.h"
#include "mutex.h"
#include "rocks_database.h"
#include "row_changes.h"

namespace koegura::store {

namespace {

using Access = IndexOptions::Access;

void copy_notes(const CallRecord& from, CallRecord& to) {
  *to.mutable_notes() = from.notes();
  *to.mutable_tags() = from.tags();
}

class RocksIndex : public Index {
 public:
  RocksIndex(std::string folder, const IndexOptions& options, Database database)
      : folder_(std::move(folder)), options_(options), database_(std::move(database)) {}

  [[nodiscard]] Result<void> start();

  [[nodiscard]] Result<void> add(const CallRecord& record, std::uint64_t file_bytes) override;
  [[nodiscard]] Result<bool> remove(const Ulid& id, std::uint64_t file_bytes) override;
  [[nodiscard]] Result<void> change(const std::vector<KeyChange>& changes) override;
  [[nodiscard]] Result<void> change_now(const std::vector<KeyChange>& changes) override;
  [[nodiscard]] bool may_miss_calls() const override { return was_log_cut(folder_); }
  [[nodiscard]] Result<void> missing_were_added() override;
  [[nodiscard]] Result<void> finish(std::atomic<bool>& stop) override;
  [[nodiscard]] Result<void> wipe() override;
  [[nodiscard]] Result<std::optional<CallRecord>> get(const Ulid& id) const override;
  [[nodiscard]] Result<bool> read(const Ulid& id, CallRecord& into) const override;
  [[nodiscard]] Result<std::unique_ptr<PickedRecords>> pick(
      const std::vector<Ulid>& ids) const override;
  [[nodiscard]] Result<std::optional<std::string>> value(std::string_view key) const override;
  [[nodiscard]] Result<bool> annotate(const CallRecord& annotated) override;
  [[nodiscard]] Result<Totals> totals() const override;
  [[nodiscard]] Result<bool> has_derived_keys() const override;
  [[nodiscard]] Result<std::unique_ptr<IndexCursor>> cursor() const override;

 private:
  [[nodiscard]] Result<void> catch_up() const;
  [[nodiscard]] Result<void> flush();
  [[nodiscard]] Result<void> write(const std::vector<KeyChange>& changes, bool sync)
      KOEGURA_REQUIRES(adding_);
  [[nodiscard]] Result<void> be_well() KOEGURA_REQUIRES(adding_);
  [[nodiscard]] Result<void> recover() KOEGURA_REQUIRES(adding_);
  [[nodiscard]] Result<CallRecord> join(const CallRecord& record, RowChanges& changes)
      KOEGURA_REQUIRES(adding_);
  [[nodiscard]] Result<Database> database() const {
    const MutexLock lock(opening_);
    if (!database_) return failure("the index: closed after the disk refused it");
    return database_;
  }

  const std::string folder_;
  const IndexOptions options_;
  mutable Mutex opening_;                           // held while it is opened again: readers wait
  Database database_ KOEGURA_GUARDED_BY(opening_);  // null: it could not be opened again yet
  mutable Mutex catching_up_;
  mutable FolderState caught_up_with_ KOEGURA_GUARDED_BY(catching_up_);
  Mutex adding_;  // held over a batch: it reads before it writes
  mutable std::atomic<bool> has_derived_keys_ = false;
  Totals totals_ KOEGURA_GUARDED_BY(adding_);
  bool was_refused_ KOEGURA_GUARDED_BY(adding_) = false;  // the last batch
  // Read from the index before the first batch, and again after a refused one.
  std::unique_ptr<JoiningLegs> legs_ KOEGURA_GUARDED_BY(adding_);
};

Result<void> RocksIndex::start() {
  const Result<std::optional<std::string>> text = value(schema_key());
  if (!text) return tl::make_unexpected(text.error());
  const IndexSchema schema = text->has_value() ? parse_schema(**text) : IndexSchema();
  if (schema.number > kIndexSchema) {
    return failure(
        "the index has schema " + **text + ", this program reads up to " +
        std::to_string(kIndexSchema) +
        ": upgrade koegura, or `koegura reindex` to rebuild it as this program knows it");
  }
  Result<Totals> totals = this->totals();
  if (!totals) return tl::make_unexpected(std::move(totals).error());
  has_derived_keys_ = schema.is_current();
  const MutexLock lock(adding_);
  totals_ = *totals;
  if (schema.is_current() || options_.access == Access::kRead) return {};
  const auto write_part = [&](const std::vector<KeyChange>& part)
                              KOEGURA_REQUIRES(adding_) { return write(part, /*sync=*/false); };
  Result<void> done = text->has_value() ? derive_keys(*this, schema, write_part) : Result<void>();
  if (done) done = write({{schema_key(), std::to_string(kIndexSchema)}}, /*sync=*/true);
  has_derived_keys_ = done.has_value();
  return done;
}

// Once they are there they stay.
Result<bool> RocksIndex::has_derived_keys() const {
  if (has_derived_keys_) return true;
  Result<std::optional<std::string>> text =
      catch_up().and_then([&] { return value(schema_key()); });
  if (!text) return tl::make_unexpected(std::move(text).error());
  has_derived_keys_ = text->has_value() && parse_schema(**text).is_current();
  return has_derived_keys_.load();
}

Result<void> RocksIndex::write(const std::vector<KeyChange>& changes, bool sync) {
  rocksdb::WriteBatch batch;
  for (const KeyChange& change : changes) {
    change.value ? batch.Put(change.key, *change.value) : batch.Delete(change.key);
  }
  const Result<Database> database = this->database();
  if (!database) return tl::make_unexpected(database.error());
  rocksdb::WriteOptions write_options;
  write_options.sync = sync && options_.sync && options_.access == Access::kWrite;
  write_options.disableWAL = options_.access == Access::kBuild;
  const rocksdb::Status status = (*database)->Write(write_options, &batch);
  was_refused_ = !status.ok();
  if (was_refused_) return database_failure(status);
  return {};
}

// After a full disk RocksDB refuses everything until it is told that there is space again; after
// any other error of its log, until it is opened again.
Result<void> RocksIndex::recover() {
  {
    const MutexLock lock(opening_);
    if (database_ && database_->Resume().ok()) return {};
    // Two at once would spoil each other: who reads now comes to an end first.
    if (database_ && database_.use_count() > 1) {
      return failure("the index: the disk refused it, and it is still being read");
    }
    database_.reset();
    Result<Database> opened = open_database(folder_, options_.access);
    if (!opened) return tl::make_unexpected(std::move(opened).error());
    database_ = std::move(*opened);
  }
  // The batch that was refused may be in the log all the same.
  return totals().map([&](const Totals& now) KOEGURA_REQUIRES(adding_) { totals_ = now; });
}

Result<void> RocksIndex::be_well() {
  if (!was_refused_) return {};
  Result<void> recovered = recover();
  was_refused_ = !recovered;
  return recovered;
}

Result<void> RocksIndex::add(const CallRecord& given, std::uint64_t file_bytes) {
  const std::optional<Ulid> id = Ulid::parse(given.id());
  assert(id);
  const MutexLock lock(adding_);
  if (Result<void> well = be_well(); !well) return well;
  const Result<std::optional<CallRecord>> before = get(*id);
  if (!before) return tl::make_unexpected(before.error());
  RowChanges changes(*this);
  Totals totals = totals_;
  CallRecord record = given;
  if (before->has_value()) {
    // The same call has the same evidence: it stays where it was found to belong.
    record.set_conversation((*before)->conversation());
    record.clear_joining();
    if ((*before)->has_joining()) *record.mutable_joining() = (*before)->joining();
    copy_notes(**before, record);
  } else {
    Result<CallRecord> joined = join(given, changes);
    if (!joined) return tl::make_unexpected(std::move(joined).error());
    record = std::move(*joined);
    ++totals.calls;
    totals.file_bytes += file_bytes;
  }
  record.clear_fingerprint();
  Result<void> written = changes.put(*before, record);
  changes.set(totals_key(), encode_totals(totals));
  if (options_.access == Access::kWrite) changes.set(waiting_key(*id), std::string());
  if (written) written = write(changes.take(), /*sync=*/true);
  if (written) {
    totals_ = totals;
  } else {
    legs_.reset();  // they know of a call that is not there
  }
  return written;
}

Result<bool> RocksIndex::remove(const Ulid& id, std::uint64_t file_bytes) {
  assert(options_.access == Access::kWrite);
  const MutexLock lock(adding_);
  if (Result<void> well = be_well(); !well) return tl::make_unexpected(std::move(well).error());
  const Result<std::optional<CallRecord>> record = get(id);
  if (!record) return tl::make_unexpected(record.error());
  if (!*record) return false;
  const Result<std::optional<std::string>> evidence = value(evidence_key(id));
  if (!evidence) return tl::make_unexpected(evidence.error());
  RowChanges changes(*this);
  Totals totals = totals_;
  totals.calls -= std::min<std::uint64_t>(totals.calls, 1);
  totals.file_bytes -= std::min(totals.file_bytes, file_bytes);
  Result<void> removed = changes.remove(**record);
  changes.set(totals_key(), encode_totals(totals));
  if (removed) removed = write(changes.take(), /*sync=*/true);
  if (!removed) return tl::make_unexpected(std::move(removed).error());
  totals_ = totals;
  if (evidence->has_value()) legs_.reset();  // read again without it
  return true;
}

Result<bool> RocksIndex::annotate(const CallRecord& annotated) {
  assert(options_.access == Access::kWrite);
  const MutexLock lock(adding_);
  if (Result<void> well = be_well(); !well) return tl::make_unexpected(std::move(well).error());
  const Result<std::optional<CallRecord>> before = get(*Ulid::parse(annotated.id()));
  if (!before) return tl::make_unexpected(before.error());
  if (!*before) return false;
  CallRecord after = **before;
  copy_notes(annotated, after);
  RowChanges changes(*this);
  Result<void> done = changes.put(*before, after);
  if (done) done = write(changes.take(), /*sync=*/true);
  return done.map([] { return true; });
}

Result<void> RocksIndex::change(const std::vector<KeyChange>& changes) {
  const MutexLock lock(adding_);
  return write(changes, /*sync=*/false);
}

Result<void> RocksIndex::change_now(const std::vector<KeyChange>& changes) {
  const MutexLock lock(adding_);
  if (Result<void> well = be_well(); !well) return well;
  return write(changes, /*sync=*/true);
}

// Into the changes: what becomes of the others, and what joins later calls to this one.
Result<CallRecord> RocksIndex::join(const CallRecord& record, RowChanges& changes) {
  if (!legs_) {
    Result<std::unique_ptr<JoiningLegs>> known = legs_of_index(*this, options_.region);
    if (!known) return tl::make_unexpected(std::move(known).error());
    legs_ = std::move(*known);
  }
  JoiningLegs::Changes joined = legs_->add(record);
  for (const PlacedLeg& other : joined.others) {
    Result<std::optional<CallRecord>> before = get(other.leg);
    if (before && !*before) continue;
    Result<void> placed;
    if (before) {
      CallRecord after = **before;
      set_place(after, other.place);
      placed = changes.put(*before, after);
    } else {
      placed = tl::make_unexpected(std::move(before).error());
    }
    if (placed) continue;
    legs_.reset();
    return tl::make_unexpected(std::move(placed).error());
  }
  changes.set(evidence_key(*Ulid::parse(record.id())), record.fingerprint().SerializeAsString());
  for (const Ulid& gone : joined.gone) changes.drop(evidence_key(gone));
  return std::move(joined.record);
}

// What is in the log alone goes into tables.
Result<void> RocksIndex::flush() {
  const Result<Database> database = this->database();
  if (!database) return tl::make_unexpected(database.error());
  const rocksdb::Status status = (*database)->Flush(rocksdb::FlushOptions());
  if (!status.ok()) return database_failure(status);
  return {};
}

Result<void> RocksIndex::missing_were_added() {
  return flush().and_then([&] { return forget_cut(folder_); });
}

Result<void> RocksIndex::finish(std::atomic<bool>& stop) {
  if (Result<void> flushed = flush(); !flushed) return flushed;
  const Result<Database> database = this->database();
  if (!database) return tl::make_unexpected(database.error());
  rocksdb::CompactRangeOptions options;
  options.canceled = &stop;
  const rocksdb::Status status = (*database)->CompactRange(options, nullptr, nullptr);
  if (!status.ok() && !stop) return database_failure(status);
  return {};
}

Result<void> RocksIndex::wipe() {
  assert(options_.access == Access::kWrite);
  if (Result<void> compact = Index::finish(); !compact) return compact;
  const Result<Database> database = this->database();
  if (!database) return tl::make_unexpected(database.error());
  return wipe_database(**database);
}

Result<void> RocksIndex::catch_up() const {
  if (options_.access != Access::kRead) return {};
  const Result<Database> database = this->database();
  if (!database) return tl::make_unexpected(database.error());
  const MutexLock lock(catching_up_);
  FolderState now = folder_state(folder_, caught_up_with_);
  if (now.is_known() && now == caught_up_with_) return {};
  const rocksdb::Status status = (*database)->TryCatchUpWithPrimary();
  if (!status.ok()) return database_failure(status);
  caught_up_with_ = std::move(now);
  return {};
}

Result<std::optional<std::string>> RocksIndex::value(std::string_view key) const {
  const Result<Database> database = this->database();
  if (!database) return tl::make_unexpected(database.error());
  std::string value;
  const rocksdb::Status status = (*database)->Get(rocksdb::ReadOptions(), slice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return database_failure(status);
  return std::optional<std::string>(std::move(value));
}

Result<bool> RocksIndex::read(const Ulid& id, CallRecord& into) const {
  const Result<Database> database = this->database();
  if (!database) return tl::make_unexpected(database.error());
  rocksdb::PinnableSlice found;  // where the cache has it
  const std::string key = call_key(id);
  const rocksdb::Status status = (*database)->Get(
      rocksdb::ReadOptions(), (*database)->DefaultColumnFamily(), slice(key), &found);
  if (status.IsNotFound()) return false;
  if (!status.ok()) return database_failure(status);
  return decode_record(view(found), id, into).map([] { return true; });
}

Result<std::unique_ptr<PickedRecords>> RocksIndex::pick(const std::vector<Ulid>& ids) const {
  return database().map([&](Database database) { return pick_records(std::move(database), ids); });
}

Result<std::optional<CallRecord>> RocksIndex::get(const Ulid& id) const {
  std::optional<CallRecord> record(std::in_place);
  const Result<bool> there = read(id, *record);
  if (!there) return tl::make_unexpected(there.error());
  if (!*there) record.reset();
  return record;
}

Result<Totals> RocksIndex::totals() const {
  Result<std::optional<std::string>> found =
      catch_up().and_then([&] { return value(totals_key()); });
  if (!found) return tl::make_unexpected(std::move(found).error());
  if (!found->has_value()) return Totals();
  const std::optional<Totals> totals = decode_totals(found->value());
  if (!totals) {
    return failure("the index's totals cannot be read: `koegura reindex` rebuilds it",
                   ErrorKind::kDamaged);
  }
  return *totals;
}

Result<std::unique_ptr<IndexCursor>> RocksIndex::cursor() const {
  if (Result<void> current = catch_up(); !current) {
    return tl::make_unexpected(std::move(current).error());
  }
  return database().map([](Database database) { return make_cursor(std::move(database)); });
}

}  // namespace

Result<std::unique_ptr<Index>> Index::open(const std::string& folder, const IndexOptions& options) {
  if (options.access != Access::kRead) {
    // RocksDB would make it readable for everyone.
    if (Result<void> made = make_folders(folder, options.sync); !made) {
      return tl::make_unexpected(std::move(made).error());
    }
  }
  Result<Database> database = open_database(folder, options.access);
  if (!database && options.access == Access::kWrite) {
    database = open_cut(folder, std::move(database).error());
  }
  if (!database) return tl::make_unexpected(std::move(database).error());
  auto index = std::make_unique<RocksIndex>(folder, options, std::move(*database));
  if (Result<void> started = index->start(); !started) {
    return tl::make_unexpected(std::move(started).error());
  }
  return std::unique_ptr<Index>(std::move(index));
}

void remove_index(const std::string& folder) {
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}

}  // namespace koegura::store
