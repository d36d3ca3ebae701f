#include "store/rebuilding_archive.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <stop_token>
#include <string_view>
#include <thread>
#include <utility>

#include "archive_folder.h"
#include "archive_in_folder.h"
#include "disk_room.h"
#include "ledger_notes.h"
#include "mutex.h"
#include "record.h"
#include "ulid.h"

namespace koegura::store {

namespace {

class RebuildingArchive final : public Archive {
 public:
  RebuildingArchive(ArchiveFolder folder, const ArchiveOptions& options, RebuildOptions rebuild,
                    std::string damage)
      : folder_(std::move(folder)),
        rebuild_options_(std::move(rebuild)),
        room_(folder_.path(), folder_.temporary(), options.reserve_bytes),
        notes_(folder_.path(), options.sync, options.clock),
        options_(options),
        state_({.damage = std::move(damage)}),
        thread_([this](const std::stop_token& stop) { work(stop); }) {}
  RebuildingArchive(const RebuildingArchive&) = delete;
  RebuildingArchive& operator=(const RebuildingArchive&) = delete;
  // What was rebuilt so far stays for the next start.
  ~RebuildingArchive() override {
    is_stopped_ = true;
    thread_.request_stop();
    thread_.join();
    if (!archive_) notes_.close();
  }

  [[nodiscard]] std::string id_of(const capture::FinishedCall& call) const override {
    return ulid_of(call).text();
  }
  [[nodiscard]] std::string file_of(const CallRecord& record) const override {
    return folder_.path() + "/" + record.audio().path();
  }
  [[nodiscard]] std::string temporary_directory() const override { return folder_.temporary(); }

  [[nodiscard]] Result<bool> contains(const std::string& id) const override {
    return ask([&](Archive& archive) { return archive.contains(id); });
  }
  [[nodiscard]] Result<Added> put(const decode::RenderedCall& call) override {
    return ask([&](Archive& archive) { return archive.put(call); });
  }
  [[nodiscard]] Result<CallRecord> find(std::string_view id_or_prefix) const override {
    return ask([&](Archive& archive) { return archive.find(id_or_prefix); });
  }
  [[nodiscard]] Result<void> query(
      const CallFilter& filter,
      const std::function<bool(const CallRecord&)>& visit) const override {
    return ask([&](Archive& archive) { return archive.query(filter, visit); });
  }
  [[nodiscard]] Result<std::uint64_t> count(const CallFilter& filter) const override {
    return ask([&](Archive& archive) { return archive.count(filter); });
  }
  [[nodiscard]] Result<void> check_room() const override {
    return ask([](Archive& archive) { return archive.check_room(); });
  }
  [[nodiscard]] Result<ArchiveChanged> change(const ArchiveChange& change,
                                              const std::string& who) override {
    return ask([&](Archive& archive) { return archive.change(change, who); });
  }
  [[nodiscard]] Result<RetentionOutlook> retention(Outlook wanted) const override {
    return ask([&](Archive& archive) { return archive.retention(wanted); });
  }
  [[nodiscard]] Result<HoldList> holds() const override {
    return ask([](Archive& archive) { return archive.holds(); });
  }
  [[nodiscard]] Result<ArchiveSummary> summary() const override;
  [[nodiscard]] std::optional<IndexRebuild> rebuild() const override;
  void note(const LedgerEntry& entry) override;
  void set_options(const ArchiveOptions& options) override;

 private:
  using Clock = std::chrono::steady_clock;

  // Of the archive, if it is open.
  template <typename Question>
  [[nodiscard]] auto ask(const Question& question) const
      -> decltype(question(std::declval<Archive&>())) {
    Archive* const archive = open_;
    if (archive == nullptr) return tl::make_unexpected(not_yet());
    return question(*archive);
  }
  [[nodiscard]] Error not_yet() const;

  void work(const std::stop_token& stop);
  [[nodiscard]] Result<void> rebuild_index();
  [[nodiscard]] Result<std::unique_ptr<Archive>> open();
  void hand_over(std::unique_ptr<Archive> archive);
  void tell_problem(const std::string& path, const Error& why);
  void tell_refusal(const Error& why);
  // Until it is tried again; what is noted meanwhile is written.
  void wait(const std::stop_token& stop);
  void wait_for_note(Clock::time_point until, const std::stop_token& stop);
  [[nodiscard]] ArchiveOptions options() const {
    const MutexLock lock(mutex_);
    return options_;
  }

  const ArchiveFolder folder_;  // its lock outlives the archive
  const RebuildOptions rebuild_options_;
  DiskRoom room_;
  LedgerNotes notes_;
  std::atomic<bool> is_stopped_ = false;
  mutable Mutex mutex_;
  std::condition_variable_any noted_;
  bool has_notes_ KOEGURA_GUARDED_BY(mutex_) = false;
  ArchiveOptions options_ KOEGURA_GUARDED_BY(mutex_);
  IndexRebuild state_ KOEGURA_GUARDED_BY(mutex_);
  ReindexReport report_;              // the thread's
  std::unique_ptr<Archive> archive_;  // the thread's, until open_ says that it is everybody's
  std::atomic<Archive*> open_ = nullptr;
  std::jthread thread_;  // last: it ends before what it uses
};

// ---- asked meanwhile ------------------------------------------------------------------------

std::string progress_text(const IndexRebuild& state) {
  if (!state.refusal.empty()) {
    return "the index is damaged, and cannot be rebuilt yet: " + state.refusal;
  }
  if (state.total == 0) return "the index is damaged, and is being rebuilt";
  return "the index is damaged, and is being rebuilt: " + std::to_string(state.done) + " of " +
         std::to_string(state.total) + " call files read";
}

Error RebuildingArchive::not_yet() const {
  const MutexLock lock(mutex_);
  return Error{folder_.name() + ": " + progress_text(state_), ErrorKind::kDamaged};
}

Result<ArchiveSummary> RebuildingArchive::summary() const {
  if (Archive* const archive = open_) return archive->summary();
  const Result<DiskSpace> disk = room_.space();
  if (!disk) return tl::make_unexpected(Error(disk.error()).in(folder_.name()));
  ArchiveSummary summary;
  summary.disk_free_bytes = disk->free;
  summary.disk_total_bytes = disk->total;
  summary.index_problem = not_yet().message;
  return summary;
}

std::optional<IndexRebuild> RebuildingArchive::rebuild() const {
  const MutexLock lock(mutex_);
  return state_;
}

void RebuildingArchive::note(const LedgerEntry& entry) {
  {
    // So that none comes before those that are handed over.
    const MutexLock lock(mutex_);
    if (Archive* const archive = open_) return archive->note(entry);
    notes_.note(entry);
    has_notes_ = true;
  }
  noted_.notify_all();
}

void RebuildingArchive::set_options(const ArchiveOptions& options) {
  const MutexLock lock(mutex_);
  options_.internal_numbers = options.internal_numbers;
  options_.reserve_bytes = options.reserve_bytes;
  options_.retention = options.retention;
  room_.set_reserve(options.reserve_bytes);
  if (Archive* const archive = open_) archive->set_options(options_);
}

// ---- its thread -----------------------------------------------------------------------------

void RebuildingArchive::work(const std::stop_token& stop) {
  bool is_damaged = true;
  while (!stop.stop_requested()) {
    Result<void> ready = is_damaged ? rebuild_index() : Result<void>();
    if (stop.stop_requested()) return;
    Result<std::unique_ptr<Archive>> archive = ready.and_then([&] { return open(); });
    if (archive) return hand_over(std::move(*archive));
    is_damaged = !ready || archive.error().kind == ErrorKind::kDamaged;
    tell_refusal(archive.error());
    wait(stop);
  }
}

Result<void> RebuildingArchive::rebuild_index() {
  {
    const MutexLock lock(mutex_);
    state_ = {.damage = state_.damage, .refusal = state_.refusal};  // until there is news
  }
  const auto may_go_on = [&] {
    notes_.write();
    return room_.check();  // what the spool needs is not taken for it
  };
  if (Result<void> room = may_go_on(); !room) return room;
  const auto progress = [&](std::uint64_t done, std::uint64_t total) {
    const MutexLock lock(mutex_);
    state_.refusal.clear();
    state_.done = done;
    state_.total = total;
  };
  const auto problem = [&](const std::string& path, const Error& why) { tell_problem(path, why); };
  const Result<ReindexReport> report = reindex_in(
      folder_, options(),
      {.problem = problem, .progress = progress, .may_go_on = may_go_on, .stop = is_stopped_});
  if (!report) return tl::make_unexpected(report.error());
  report_ = *report;
  return {};
}

void RebuildingArchive::tell_problem(const std::string& path, const Error& why) {
  {
    const MutexLock lock(mutex_);
    if (state_.problems++ == 0) state_.first_problem = path + ": " + why.message;
  }
  rebuild_options_.problem(path, why);
}

void RebuildingArchive::tell_refusal(const Error& why) {
  bool is_news = false;
  {
    const MutexLock lock(mutex_);
    is_news = std::exchange(state_.refusal, why.message) != why.message;
  }
  if (is_news) rebuild_options_.refused(why);
}

Result<std::unique_ptr<Archive>> RebuildingArchive::open() {
  notes_.close();  // the ledger has one writer
  return folder_.another().and_then(
      [&](ArchiveFolder same) { return open_in(std::move(same), OpenMode::kWrite, options()); });
}

void RebuildingArchive::hand_over(std::unique_ptr<Archive> archive) {
  {
    const MutexLock lock(mutex_);
    archive->set_options(options_);
    for (const LedgerEntry& entry : notes_.take_left()) archive->note(entry);
    state_.refusal.clear();
    state_.is_over = true;
    state_.problems = report_.problems;
    archive_ = std::move(archive);
    open_ = archive_.get();
  }
  rebuild_options_.done(report_);
}

void RebuildingArchive::wait(const std::stop_token& stop) {
  const auto until = Clock::now() + rebuild_options_.retry_after;
  while (!stop.stop_requested() && Clock::now() < until) {
    wait_for_note(until, stop);
    notes_.write();
  }
}

void RebuildingArchive::wait_for_note(Clock::time_point until, const std::stop_token& stop) {
  const MutexLock lock(mutex_);
  noted_.wait_until(mutex_, stop, until, [&]() KOEGURA_REQUIRES(mutex_) { return has_notes_; });
  has_notes_ = false;
}

}  // namespace

Result<std::unique_ptr<Archive>> open_or_rebuild(const std::string& directory,
                                                 const ArchiveOptions& options,
                                                 const RebuildOptions& rebuild) {
  Result<ArchiveFolder> folder = ArchiveFolder::open_for_writing(directory);
  if (!folder) return tl::make_unexpected(std::move(folder).error());
  Result<ArchiveFolder> same = folder->another();
  if (!same) return tl::make_unexpected(std::move(same).error());
  Result<std::unique_ptr<Archive>> archive = open_in(std::move(*same), OpenMode::kWrite, options);
  if (archive || archive.error().kind != ErrorKind::kDamaged) return archive;
  return std::make_unique<RebuildingArchive>(std::move(*folder), options, rebuild,
                                             archive.error().message);
}

}  // namespace koegura::store
