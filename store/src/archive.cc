#include "store/archive.h"

#include <condition_variable>
#include <set>

#include "archive_folder.h"
#include "call_file.h"
#include "current_directory.h"
#include "decode/encoded_flac.h"
#include "disk_room.h"
#include "durable_file.h"
#include "index.h"
#include "missing_rows.h"
#include "mutex.h"
#include "party_names.h"
#include "query.h"
#include "record.h"
#include "store/directory_file.h"

namespace koegura::store {

namespace {

// One thread a call: the second one to put the same call waits, and then finds it there.
class IdLocks {
 public:
  class Hold {
   public:
    Hold(IdLocks& locks, std::string id) : locks_(locks), id_(std::move(id)) { locks_.take(id_); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() { locks_.release(id_); }

   private:
    IdLocks& locks_;
    std::string id_;
  };

 private:
  void take(const std::string& id) {
    const MutexLock lock(mutex_);
    while (!held_.insert(id).second) released_.wait(mutex_);
  }
  void release(const std::string& id) {
    {
      const MutexLock lock(mutex_);
      held_.erase(id);
    }
    released_.notify_all();
  }

  Mutex mutex_;
  std::condition_variable_any released_;
  std::set<std::string> held_ KOEGURA_GUARDED_BY(mutex_);
};

// At least what the call's file takes.
std::uint64_t most_bytes_of(const decode::RenderedCall& rendered) {
  constexpr std::uint64_t kAround = 256U << 10U;  // record, tags, a block of the index
  std::uint64_t bytes = kAround + rendered.call.signalling.bytes();
  for (const auto& stream : rendered.call.streams) bytes += stream.spooled.bytes();
  if (rendered.audio.flac) bytes += rendered.audio.flac->bytes();
  return bytes;
}

// Says which archive a failure was about; that a call is not there is an answer.
auto in_archive(const ArchiveFolder& folder) {
  return [&folder](Error error) {
    return error.kind == ErrorKind::kFailed ? std::move(error).in(folder.name()) : std::move(error);
  };
}

class FolderArchive : public Archive {
 public:
  FolderArchive(ArchiveFolder folder, std::unique_ptr<Index> index, const ArchiveOptions& options)
      : folder_(std::move(folder)),
        index_(std::move(index)),
        options_(options),
        internal_numbers_(options.internal_numbers),
        directory_(directory_path(folder_.path()), options.region),
        room_(folder_.path(), folder_.temporary(), options.reserve_bytes) {}

  [[nodiscard]] std::string id_of(const capture::FinishedCall& call) const override {
    return ulid_of(call).text();
  }
  [[nodiscard]] Result<bool> contains(const std::string& id) const override;
  [[nodiscard]] Result<Added> put(const decode::RenderedCall& call) override;
  [[nodiscard]] Result<CallRecord> find(std::string_view id_or_prefix) const override {
    return find_in_index(*index_, id_or_prefix).map_error(in_archive(folder_));
  }
  [[nodiscard]] Result<void> query(
      const CallFilter& filter,
      const std::function<bool(const CallRecord&)>& visit) const override {
    return query_index(*index_, filter, options_.region, visit).map_error(in_archive(folder_));
  }
  [[nodiscard]] std::string file_of(const CallRecord& record) const override {
    return folder_.path() + "/" + record.audio().path();
  }
  [[nodiscard]] std::string temporary_directory() const override { return folder_.temporary(); }
  [[nodiscard]] Result<ArchiveSummary> summary() const override;
  [[nodiscard]] Result<void> check_room() const override {
    return room_.check().map_error(in_archive(folder_));
  }
  void set_options(const ArchiveOptions& options) override {
    room_.set_reserve(options.reserve_bytes);
    const MutexLock lock(numbers_mutex_);
    internal_numbers_ = options.internal_numbers;
  }

 private:
  [[nodiscard]] ArchiveOptions options_now() {
    ArchiveOptions options = options_;
    const MutexLock lock(numbers_mutex_);
    options.internal_numbers = internal_numbers_;
    return options;
  }
  [[nodiscard]] Error not_written(Error error, const std::string& id) const;
  [[nodiscard]] Result<std::optional<Timestamp>> edge(bool oldest) const;

  ArchiveFolder folder_;
  std::unique_ptr<Index> index_;
  const ArchiveOptions options_;  // but internal_numbers and reserve_bytes
  Mutex numbers_mutex_;
  std::vector<std::string> internal_numbers_ KOEGURA_GUARDED_BY(numbers_mutex_);
  mutable CurrentDirectory directory_;
  DiskRoom room_;
  IdLocks writing_;
};

Result<bool> FolderArchive::contains(const std::string& id) const {
  const std::optional<Ulid> ulid = Ulid::parse(id);
  if (!ulid) return false;
  Result<std::optional<CallRecord>> record = index_->get(*ulid);
  if (!record) return tl::make_unexpected(in_archive(folder_)(std::move(record).error()));
  if (!*record) return false;
  // A batch that RocksDB refused may yet be in its log after a crash, while the file was taken
  // back, and of a file that was not synced a power cut may leave the name alone: only both
  // together are an archived call.
  return file_size(file_of(**record)).value_or(0) > 0;
}

Error FolderArchive::not_written(Error error, const std::string& id) const {
  constexpr std::uint64_t kFull = 1U << 20U;  // where the next file will hardly fit
  const Result<DiskSpace> disk = room_.space();
  const bool is_full = disk && disk->free < kFull;
  if (!is_full) return std::move(error).in(folder_.name() + ": writing call " + id);
  return Error{folder_.name() + ": disk full while writing call " + id + " (" + error.message +
               "): free space or give the archive a larger disk; nothing of the call is left, "
               "record it again then"};
}

Result<Added> FolderArchive::put(const decode::RenderedCall& call) {
  const std::string id = id_of(call.call);
  const IdLocks::Hold hold(writing_, id);
  Result<bool> there = contains(id);
  if (!there) return tl::make_unexpected(std::move(there).error());
  if (*there) return Added{id, /*was_there=*/true};
  if (Result<void> room = room_.check(); !room) {
    return tl::make_unexpected(
        std::move(room).error().in(folder_.name() + ": call " + id + " is not archived"));
  }

  CallRecord record = make_record(call, options_now());
  name_parties(record, *directory_.get());
  record.mutable_audio()->set_path(call_file_path(call.call, id));
  Result<std::uint64_t> bytes = write_call_file(folder_, call, record, options_.sync);
  if (!bytes) {
    room_.note_refusal(most_bytes_of(call));
    return tl::make_unexpected(not_written(std::move(bytes).error(), id));
  }
  if (Result<void> added = index_->add(record, *bytes); !added) {
    room_.note_refusal(most_bytes_of(call));
    discard_file(file_of(record));
    return tl::make_unexpected(not_written(std::move(added).error(), id));
  }
  return Added{id, /*was_there=*/false};
}

Result<std::optional<Timestamp>> FolderArchive::edge(bool oldest) const {
  std::optional<Timestamp> start;
  CallFilter filter;
  filter.oldest_first = oldest;
  filter.limit = 1;
  return query(filter,
               [&](const CallRecord& record) {
                 start = from_proto(record.start());
                 return false;
               })
      .map([&] { return start; });
}

Result<ArchiveSummary> FolderArchive::summary() const {
  const auto totals = index_->totals().map_error(in_archive(folder_));
  if (!totals) return tl::make_unexpected(totals.error());
  const auto oldest = edge(/*oldest=*/true);
  if (!oldest) return tl::make_unexpected(oldest.error());
  const auto newest = edge(/*oldest=*/false);
  if (!newest) return tl::make_unexpected(newest.error());
  const auto disk = room_.space().map_error(in_archive(folder_));
  if (!disk) return tl::make_unexpected(disk.error());
  return ArchiveSummary{.calls = totals->calls,
                        .oldest = *oldest,
                        .newest = *newest,
                        .file_bytes = totals->file_bytes,
                        .disk_free_bytes = disk->free,
                        .disk_total_bytes = disk->total,
                        .directory_problem = directory_.problem()};
}

// What an opening for writing finds left over from one that was cut short.
Result<void> tidy(const ArchiveFolder& folder) {
  remove_index(folder.new_index());
  return folder.empty_temporary();
}

}  // namespace

Result<std::unique_ptr<Archive>> Archive::open(const std::string& directory, OpenMode mode,
                                               const ArchiveOptions& options) {
  const bool writing = mode == OpenMode::kWrite;
  Result<ArchiveFolder> folder = writing ? ArchiveFolder::open_for_writing(directory)
                                         : ArchiveFolder::open_for_reading(directory);
  if (!folder) return tl::make_unexpected(std::move(folder).error());
  if (!folder->has_index() && (!writing || folder->has_calls())) {
    return failure(folder->name() + " has no index: `koegura reindex --archive " + folder->path() +
                   "` makes it from the call files");
  }
  if (writing) {
    if (Result<void> tidied = tidy(*folder); !tidied) {
      return tl::make_unexpected(std::move(tidied).error());
    }
  }
  const IndexOptions index_options{
      .access = writing ? IndexOptions::Access::kWrite : IndexOptions::Access::kRead,
      .sync = options.sync,
      .region = options.region};
  Result<std::unique_ptr<Index>> index = Index::open(folder->index(), index_options);
  if (!index) return tl::make_unexpected(std::move(index).error().in(folder->name()));
  if (writing) {
    const Result<std::uint64_t> added = add_missing_rows(*folder, **index);
    if (!added) return tl::make_unexpected(Error(added.error()).in(folder->name()));
  }
  return std::unique_ptr<Archive>(
      new FolderArchive(std::move(*folder), std::move(*index), options));
}

}  // namespace koegura::store
