#include "index.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <cassert>
#include <charconv>
#include <filesystem>
#include <system_error>

#include "durable_file.h"
#include "joining_legs.h"
#include "mutex.h"
#include "rocks_database.h"

namespace koegura::store {

namespace {

using Access = IndexOptions::Access;

// What cannot be read is of a later day: no earlier program wrote it.
int schema_number(std::string_view text) {
  int number = kIndexSchema + 1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
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

 private:
  Database database_;  // outlives the iterator
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

class RocksIndex : public Index {
 public:
  RocksIndex(std::string folder, const IndexOptions& options, Database database)
      : folder_(std::move(folder)), options_(options), database_(std::move(database)) {}

  [[nodiscard]] Result<void> start();

  [[nodiscard]] Result<void> add(const CallRecord& record, std::uint64_t file_bytes) override;
  [[nodiscard]] Result<void> finish() override;
  [[nodiscard]] Result<std::optional<CallRecord>> get(const Ulid& id) const override;
  [[nodiscard]] Result<Totals> totals() const override;
  [[nodiscard]] Result<std::unique_ptr<IndexCursor>> cursor() const override;

 private:
  [[nodiscard]] Result<std::optional<std::string>> value_of(std::string_view key) const;
  [[nodiscard]] Result<void> catch_up() const;
  [[nodiscard]] Result<void> write(rocksdb::WriteBatch& batch) KOEGURA_REQUIRES(adding_);
  [[nodiscard]] Result<void> recover() KOEGURA_REQUIRES(adding_);
  [[nodiscard]] Result<void> remember_legs() KOEGURA_REQUIRES(adding_);
  [[nodiscard]] Result<CallRecord> join(const CallRecord& record, rocksdb::WriteBatch& batch)
      KOEGURA_REQUIRES(adding_);
  [[nodiscard]] Result<void> keep_fingerprints() KOEGURA_REQUIRES(adding_);
  [[nodiscard]] Result<Database> database() const {
    const MutexLock lock(opening_);
    if (!database_) return failure("the index: closed after the disk refused it");
    return database_;
  }

  const std::string folder_;
  const IndexOptions options_;
  mutable Mutex opening_;                           // held while it is opened again: readers wait
  Database database_ KOEGURA_GUARDED_BY(opening_);  // null: it could not be opened again yet
  Mutex adding_;                                    // held over a batch: it reads before it writes
  Totals totals_ KOEGURA_GUARDED_BY(adding_);
  bool was_refused_ KOEGURA_GUARDED_BY(adding_) = false;  // the last batch
  // Read from the index before the first batch, and again after a refused one.
  std::unique_ptr<JoiningLegs> legs_ KOEGURA_GUARDED_BY(adding_);
};

// The keys and the record of one call, in the place of those it had.
void put_record(rocksdb::WriteBatch& batch, const std::optional<CallRecord>& before,
                const CallRecord& record, const Ulid& id) {
  if (before) {
    for (const std::string& key : keys_of(*before, id).own) batch.Delete(key);
  }
  const CallKeys keys = keys_of(record, id);
  batch.Put(call_key(id), record.SerializeAsString());
  for (const std::string& key : keys.own) batch.Put(key, rocksdb::Slice());
  for (const std::string& key : keys.shared) batch.Put(key, rocksdb::Slice());
}

Result<void> RocksIndex::start() {
  Result<std::optional<std::string>> schema = value_of(schema_key());
  if (!schema) return tl::make_unexpected(std::move(schema).error());
  if (schema->has_value() && schema_number(schema->value()) > kIndexSchema) {
    return failure(
        "the index has schema " + schema->value() + ", this program reads up to " +
        std::to_string(kIndexSchema) +
        ": upgrade koegura, or `koegura reindex` to rebuild it as this program knows it");
  }
  Result<Totals> totals = this->totals();
  if (!totals) return tl::make_unexpected(std::move(totals).error());
  const MutexLock lock(adding_);
  totals_ = *totals;
  const bool is_current = schema->has_value() && schema_number(schema->value()) == kIndexSchema;
  if (is_current || options_.access == Access::kRead) return {};
  rocksdb::WriteBatch batch;
  batch.Put(schema_key(), std::to_string(kIndexSchema));
  return write(batch);
}

Result<void> RocksIndex::write(rocksdb::WriteBatch& batch) {
  const Result<Database> database = this->database();
  if (!database) return tl::make_unexpected(database.error());
  rocksdb::WriteOptions write_options;
  write_options.sync = options_.sync && options_.access == Access::kWrite;
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

Result<void> RocksIndex::add(const CallRecord& given, std::uint64_t file_bytes) {
  const std::optional<Ulid> id = Ulid::parse(given.id());
  assert(id);
  const MutexLock lock(adding_);
  if (was_refused_) {
    if (Result<void> recovered = recover(); !recovered) return recovered;
    was_refused_ = false;
  }
  const Result<std::optional<CallRecord>> before = get(*id);
  if (!before) return tl::make_unexpected(before.error());
  rocksdb::WriteBatch batch;
  Totals totals = totals_;
  CallRecord record = given;
  if (before->has_value()) {
    // The same call has the same evidence: it stays where it was found to belong.
    record.set_conversation((*before)->conversation());
    record.clear_joining();
    if ((*before)->has_joining()) *record.mutable_joining() = (*before)->joining();
  } else {
    Result<CallRecord> joined = join(given, batch);
    if (!joined) return tl::make_unexpected(std::move(joined).error());
    record = std::move(*joined);
    ++totals.calls;
    totals.file_bytes += file_bytes;
  }
  record.clear_fingerprint();
  put_record(batch, *before, record, *id);
  batch.Put(totals_key(), encode_totals(totals));
  Result<void> written = write(batch);
  if (written) {
    totals_ = totals;
  } else {
    legs_.reset();  // they know of a call that is not there
  }
  return written;
}

// Into the batch: what becomes of the others, and what joins later calls to this one.
Result<CallRecord> RocksIndex::join(const CallRecord& record, rocksdb::WriteBatch& batch) {
  if (!legs_) {
    if (Result<void> remembered = remember_legs(); !remembered) {
      return tl::make_unexpected(std::move(remembered).error());
    }
  }
  JoiningLegs::Changes changes = legs_->add(record);
  for (const PlacedLeg& other : changes.others) {
    Result<std::optional<CallRecord>> before = get(other.leg);
    if (!before) {
      legs_.reset();
      return tl::make_unexpected(std::move(before).error());
    }
    if (!*before) continue;
    CallRecord after = **before;
    set_place(after, other.place);
    put_record(batch, *before, after, other.leg);
  }
  if (options_.access == Access::kWrite) {
    batch.Put(evidence_key(*Ulid::parse(record.id())), record.fingerprint().SerializeAsString());
    for (const Ulid& gone : changes.gone) batch.Delete(evidence_key(gone));
  }
  return std::move(changes.record);
}

Result<void> RocksIndex::remember_legs() {
  const Result<std::unique_ptr<IndexCursor>> cursor = this->cursor();
  if (!cursor) return tl::make_unexpected(cursor.error());
  auto legs = std::make_unique<JoiningLegs>(options_.region);
  IndexCursor& at = **cursor;
  for (at.seek(std::string(1, static_cast<char>(KeyKind::kEvidence))); at.valid(); at.next()) {
    const std::optional<Ulid> id = id_of_evidence_key(at.key());
    if (!id) break;
    Fingerprint fingerprint;
    const std::string_view value = at.value();
    if (!fingerprint.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
      return failure("the index's fingerprint of call " + id->text() +
                     " cannot be read: `koegura reindex` rebuilds it");
    }
    Result<std::optional<CallRecord>> record = get(*id);
    if (!record) return tl::make_unexpected(std::move(record).error());
    if (*record) legs->remember(std::move(**record), fingerprint);
  }
  if (Result<void> read = at.status(); !read) return read;
  legs->begin();
  legs_ = std::move(legs);
  return {};
}

// A building index writes them once, at its end: those of years would come and go.
Result<void> RocksIndex::keep_fingerprints() {
  if (!legs_ || options_.access != Access::kBuild) return {};
  rocksdb::WriteBatch batch;
  legs_->for_each_fingerprint([&](const Ulid& id, const Fingerprint& fingerprint) {
    batch.Put(evidence_key(id), fingerprint.SerializeAsString());
  });
  return write(batch);
}

Result<void> RocksIndex::finish() {
  {
    const MutexLock lock(adding_);
    if (Result<void> kept = keep_fingerprints(); !kept) return kept;
  }
  const Result<Database> database = this->database();
  if (!database) return tl::make_unexpected(database.error());
  rocksdb::Status status = (*database)->Flush(rocksdb::FlushOptions());
  if (status.ok()) {
    status = (*database)->CompactRange(rocksdb::CompactRangeOptions(), nullptr, nullptr);
  }
  if (!status.ok()) return database_failure(status);
  return {};
}

Result<void> RocksIndex::catch_up() const {
  if (options_.access != Access::kRead) return {};
  const Result<Database> database = this->database();
  if (!database) return tl::make_unexpected(database.error());
  const rocksdb::Status status = (*database)->TryCatchUpWithPrimary();
  if (!status.ok()) return database_failure(status);
  return {};
}

Result<std::optional<std::string>> RocksIndex::value_of(std::string_view key) const {
  const Result<Database> database = this->database();
  if (!database) return tl::make_unexpected(database.error());
  std::string value;
  const rocksdb::Status status = (*database)->Get(rocksdb::ReadOptions(), slice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return database_failure(status);
  return std::optional<std::string>(std::move(value));
}

Result<std::optional<CallRecord>> RocksIndex::get(const Ulid& id) const {
  Result<std::optional<std::string>> value = value_of(call_key(id));
  if (!value) return tl::make_unexpected(std::move(value).error());
  if (!value->has_value()) return std::optional<CallRecord>();
  return decode_record(value->value(), id).map([](CallRecord record) {
    return std::optional(std::move(record));
  });
}

Result<Totals> RocksIndex::totals() const {
  Result<std::optional<std::string>> value =
      catch_up().and_then([&] { return value_of(totals_key()); });
  if (!value) return tl::make_unexpected(std::move(value).error());
  if (!value->has_value()) return Totals();
  const std::optional<Totals> totals = decode_totals(value->value());
  if (!totals) return failure("the index's totals cannot be read: `koegura reindex` rebuilds it");
  return *totals;
}

Result<std::unique_ptr<IndexCursor>> RocksIndex::cursor() const {
  if (Result<void> current = catch_up(); !current) {
    return tl::make_unexpected(std::move(current).error());
  }
  return database().map([](Database database) {
    return std::unique_ptr<IndexCursor>(std::make_unique<RocksCursor>(std::move(database)));
  });
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
  if (!database) return tl::make_unexpected(std::move(database).error());
  auto index = std::make_unique<RocksIndex>(folder, options, std::move(*database));
  if (Result<void> started = index->start(); !started) {
    return tl::make_unexpected(std::move(started).error());
  }
  return std::unique_ptr<Index>(std::move(index));
}

Result<CallRecord> decode_record(std::string_view value, const Ulid& id) {
  CallRecord record;
  if (!record.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return failure("the index's record of call " + id.text() +
                   " cannot be read: `koegura reindex` rebuilds it");
  }
  return record;
}

void remove_index(const std::string& folder) {
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}

}  // namespace koegura::store
