#include "store/archive.h"

#include <algorithm>

#include "access_entries.h"
#include "archive_folder.h"
#include "archive_in_folder.h"
#include "call_file.h"
#include "current_directory.h"
#include "decode/encoded_flac.h"
#include "disk_room.h"
#include "durable_file.h"
#include "erasure.h"
#include "export_entry.h"
#include "id_locks.h"
#include "index.h"
#include "ledger_clerk.h"
#include "missing_rows.h"
#include "mutex.h"
#include "note_file.h"
#include "note_keeper.h"
#include "party_names.h"
#include "query.h"
#include "record.h"
#include "retention_desk.h"
#include "store/directory_file.h"
#include "store/notes.h"

namespace koegura::store {

namespace {

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
    const bool is_named = error.kind != ErrorKind::kFailed && error.kind != ErrorKind::kDamaged;
    return is_named ? std::move(error) : std::move(error).in(folder.name());
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
        room_(folder_.path(), folder_.temporary(), options.reserve_bytes),
        retention_(folder_, *index_, options) {}

  [[nodiscard]] std::string id_of(const capture::FinishedCall& call) const override {
    return ulid_of(call).text();
  }
  [[nodiscard]] Result<bool> contains(const std::string& id) const override;
  [[nodiscard]] Result<Added> put(const decode::RenderedCall& call) override;
  [[nodiscard]] Result<CallRecord> find(std::string_view id_or_prefix) const override;
  [[nodiscard]] Result<void> query(
      const CallFilter& filter, const std::function<bool(const CallRecord&)>& visit) const override;
  [[nodiscard]] Result<RetentionOutlook> retention(Outlook wanted) const override {
    return retention_.outlook(wanted).map_error(in_archive(folder_));
  }
  [[nodiscard]] Result<HoldList> holds() const override {
    return retention_.holds().map_error(in_archive(folder_));
  }
  [[nodiscard]] Result<std::uint64_t> count(const CallFilter& filter) const override;
  [[nodiscard]] std::string file_of(const CallRecord& record) const override {
    return folder_.path() + "/" + record.audio().path();
  }
  [[nodiscard]] std::string temporary_directory() const override { return folder_.temporary(); }
  [[nodiscard]] Result<ArchiveSummary> summary() const override;
  [[nodiscard]] Result<void> check_room() const override {
    return room_.check().map_error(in_archive(folder_));
  }
  void note(const LedgerEntry& entry) override {
    if (clerk_) clerk_->note(entry);
  }
  [[nodiscard]] Result<ArchiveChanged> change(const ArchiveChange& change,
                                              const std::string& who) override;
  // REQUIRES: opened for writing. Before anything is put.
  [[nodiscard]] Result<void> begin_ledger();
  void set_options(const ArchiveOptions& options) override {
    room_.set_reserve(options.reserve_bytes);
    retention_.set_rules(options.retention);
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
  [[nodiscard]] Result<ArchiveChanged> add_note(const NewNote& note, const std::string& who);
  [[nodiscard]] Result<ArchiveChanged> enter_access(const Access& access, const std::string& who);
  [[nodiscard]] Result<ArchiveChanged> export_bundle(const ExportBundle& bundle,
                                                     const std::string& who);
  [[nodiscard]] std::string ledger_problem() const {
    return clerk_ ? clerk_->problem() : ledger_refusal_;
  }
  [[nodiscard]] Error not_written(Error error, const std::string& id) const;
  [[nodiscard]] Result<std::optional<Timestamp>> edge(bool oldest) const;
  [[nodiscard]] Result<void> query_held(const CallFilter& filter,
                                        const std::function<bool(const CallRecord&)>& visit) const;

  ArchiveFolder folder_;
  std::unique_ptr<Index> index_;
  const ArchiveOptions options_;  // but internal_numbers and reserve_bytes
  Mutex numbers_mutex_;
  std::vector<std::string> internal_numbers_ KOEGURA_GUARDED_BY(numbers_mutex_);
  mutable CurrentDirectory directory_;
  DiskRoom room_;
  IdLocks writing_;
  mutable RetentionDesk retention_;
  std::string ledger_refusal_;
  std::unique_ptr<LedgerClerk>
      clerk_;  // of a writer whose ledger was not refused; last, as it uses the others
};

Result<void> FolderArchive::begin_ledger() {
  auto clerk = LedgerClerk::open(folder_, *index_, writing_, options_.sync, options_.clock);
  if (clerk) {
    clerk_ = std::move(*clerk);
    // What cannot be settled now stays marked, and holds up nobody.
    static_cast<void>(NoteKeeper(folder_, *index_, writing_, *clerk_, options_.sync).settle());
    return retention_.begin_writing(writing_, *clerk_);
  }
  if (!options_.without_refused_ledger || clerk.error().kind != ErrorKind::kVerification) {
    return tl::make_unexpected(std::move(clerk.error()));
  }
  ledger_refusal_ = clerk.error().message;
  return {};
}

Result<bool> FolderArchive::contains(const std::string& id) const {
  const std::optional<Ulid> ulid = Ulid::parse(id);
  if (!ulid) return false;
  const Result<bool> erased = is_erased(*index_, *ulid);
  if (!erased) return tl::make_unexpected(in_archive(folder_)(erased.error()));
  if (*erased) return true;
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
  // A call whose file was lost, and is here again.
  if (const auto notes = read_notes(notes_path(file_of(record)))) set_notes(record, notes->notes);
  if (Result<void> added = index_->add(record, *bytes); !added) {
    room_.note_refusal(most_bytes_of(call));
    discard_file(file_of(record));
    return tl::make_unexpected(not_written(std::move(added).error(), id));
  }
  if (clerk_) clerk_->enter(*Ulid::parse(id), file_of(record));  // else it stays marked
  return Added{id, /*was_there=*/false};
}

Result<ArchiveChanged> FolderArchive::change(const ArchiveChange& change, const std::string& who) {
  if (!ledger_refusal_.empty()) {
    return failure(folder_.name() + ": nothing is changed without the ledger: " + ledger_refusal_,
                   ErrorKind::kVerification);
  }
  if (!clerk_) return failure(folder_.name() + ": it was opened to be read: nothing is changed");
  switch (change.what_case()) {
    case ArchiveChange::kAccess:
      return enter_access(change.access(), who).map_error(in_archive(folder_));
    case ArchiveChange::kPlaceHold:
      return retention_.place(change.place_hold(), who).map_error(in_archive(folder_));
    case ArchiveChange::kLiftHold:
      return retention_.lift(change.lift_hold(), who).map_error(in_archive(folder_));
    case ArchiveChange::kEraseDue:
      return retention_.erase(change.erase_due(), who).map_error(in_archive(folder_));
    case ArchiveChange::kConfirmClock:
      return retention_.confirm(change.confirm_clock(), who).map_error(in_archive(folder_));
    case ArchiveChange::kNote:
      return add_note(change.note(), who).map_error(in_archive(folder_));
    case ArchiveChange::kExportBundle:
      return export_bundle(change.export_bundle(), who).map_error(in_archive(folder_));
    case ArchiveChange::WHAT_NOT_SET:
      break;
  }
  return failure("this version knows no such change: is the command of another version?",
                 ErrorKind::kUsage);
}

Result<ArchiveChanged> FolderArchive::add_note(const NewNote& note, const std::string& who) {
  NoteKeeper keeper(folder_, *index_, writing_, *clerk_, options_.sync);
  return keeper.add(note, who).map([] { return ArchiveChanged(); });
}

Result<ArchiveChanged> FolderArchive::enter_access(const Access& access, const std::string& who) {
  for (const std::string& id : access.calls()) {
    if (const Result<CallRecord> there = find_in_index(*index_, id); !there) {
      return tl::make_unexpected(there.error());
    }
  }
  ArchiveChanged changed;
  if (!access.bundle().empty()) {
    const Result<void> found = find_archived(folder_.path(), access, changed);
    if (!found) return tl::make_unexpected(found.error());
  }
  return clerk_->append(access_entries(access, who)).map([&] { return std::move(changed); });
}

Result<ArchiveChanged> FolderArchive::export_bundle(const ExportBundle& bundle,
                                                    const std::string& who) {
  Result<LedgerEntry> entry = export_entry(folder_.path(), bundle);
  if (!entry) return tl::make_unexpected(std::move(entry).error());
  entry->set_who(who);
  const Result<Signature> signature = clerk_->sign_export(std::move(*entry), bundle.manifest());
  if (!signature) return tl::make_unexpected(signature.error());
  return proofs_of_export(folder_.path(), bundle, *signature);
}

Result<CallRecord> FolderArchive::find(std::string_view id_or_prefix) const {
  return find_in_index(*index_, id_or_prefix)
      .and_then([&](CallRecord record) -> Result<CallRecord> {
        if (Result<void> filled = retention_.filling()(record); !filled) {
          return tl::make_unexpected(std::move(filled).error());
        }
        return record;
      })
      .map_error(in_archive(folder_));
}

Result<void> FolderArchive::query(const CallFilter& filter,
                                  const std::function<bool(const CallRecord&)>& visit) const {
  if (!filter.hold.empty()) return query_held(filter, visit).map_error(in_archive(folder_));
  const auto fill = retention_.filling();
  Result<void> filled;
  const auto fill_and_visit = [&](CallRecord& record) {
    filled = fill(record);
    return filled && visit(record);
  };
  return query_index(*index_, filter, options_.region, fill_and_visit)
      .and_then([&] { return filled; })
      .map_error(in_archive(folder_));
}

Result<std::uint64_t> FolderArchive::count(const CallFilter& filter) const {
  if (filter.hold.empty()) {
    return count_index(*index_, filter, options_.region).map_error(in_archive(folder_));
  }
  std::uint64_t calls = 0;
  return query(filter, [&](const CallRecord&) { return ++calls > 0; }).map([&] { return calls; });
}

// What is held is little beside the archive: its calls are looked up one by one.
Result<void> FolderArchive::query_held(const CallFilter& filter,
                                       const std::function<bool(const CallRecord&)>& visit) const {
  Result<std::vector<Ulid>> held = retention_.held_for(filter.hold);
  if (!held) return tl::make_unexpected(std::move(held).error());
  if (!filter.oldest_first) std::reverse(held->begin(), held->end());
  const auto matches = call_matcher(filter, options_.region);
  const auto fill = retention_.filling();
  std::size_t given = 0;
  for (const Ulid& id : *held) {
    Result<std::optional<CallRecord>> record = index_->get(id);
    if (!record) return tl::make_unexpected(std::move(record).error());
    if (!*record || !matches(**record)) continue;
    if (Result<void> filled = fill(**record); !filled) return filled;
    ++given;
    if (!visit(**record) || given == filter.limit) break;
  }
  return {};
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
                        .directory_problem = directory_.problem(),
                        .ledger_problem = ledger_problem(),
                        .ledger_refused = !ledger_refusal_.empty()};
}

}  // namespace

Result<std::unique_ptr<Archive>> open_in(ArchiveFolder folder, OpenMode mode,
                                         const ArchiveOptions& options) {
  const bool writing = mode == OpenMode::kWrite;
  if (!folder.has_index() && (!writing || folder.has_calls())) {
    return failure(folder.name() + " has no index: `koegura reindex --archive " + folder.path() +
                       "` makes it from the call files",
                   ErrorKind::kDamaged);
  }
  if (writing) {
    if (Result<void> emptied = folder.empty_temporary(); !emptied) {
      return tl::make_unexpected(std::move(emptied).error());
    }
  }
  const IndexOptions index_options{
      .access = writing ? IndexOptions::Access::kWrite : IndexOptions::Access::kRead,
      .sync = options.sync,
      .region = options.region};
  Result<std::unique_ptr<Index>> index = Index::open(folder.index(), index_options);
  if (!index) return tl::make_unexpected(std::move(index).error().in(folder.name()));
  if (writing) {
    const Result<std::uint64_t> added = add_missing_rows(folder, **index);
    if (!added) return tl::make_unexpected(Error(added.error()).in(folder.name()));
    // Of a reindex that was cut short; gone on with as long as the index cannot be opened.
    remove_index(folder.new_index());
  }
  const std::string name = folder.name();
  auto archive = std::make_unique<FolderArchive>(std::move(folder), std::move(*index), options);
  if (writing) {
    if (Result<void> begun = archive->begin_ledger(); !begun) {
      return tl::make_unexpected(std::move(begun).error().in(name));
    }
  }
  return archive;
}

Result<std::unique_ptr<Archive>> Archive::open(const std::string& directory, OpenMode mode,
                                               const ArchiveOptions& options) {
  Result<ArchiveFolder> folder = mode == OpenMode::kWrite
                                     ? ArchiveFolder::open_for_writing(directory)
                                     : ArchiveFolder::open_for_reading(directory);
  if (!folder) return tl::make_unexpected(std::move(folder).error());
  return open_in(std::move(*folder), mode, options);
}

}  // namespace koegura::store
