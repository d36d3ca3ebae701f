#include "capture/spool_folder.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "capture/folder_entries.h"
#include "capture/pcapng.h"
#include "hand_over.h"
#include "recovered_spool.h"
#include "released_runs.h"

namespace koegura::capture {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr auto kSpoolIdle = std::chrono::milliseconds(5);  // between two looks at empty rings
constexpr auto kRefused = std::chrono::milliseconds(100);  // before a refused write is tried again
constexpr unsigned kSyncsInAnInterval = 4;
constexpr std::uint64_t kLargeReleased = 4U << 20U;  // bytes: then it is made anew

// "00000042-rx0.pcapng"
struct SegmentName {
  std::uint32_t number = 0;
  std::string series;
};

std::optional<SegmentName> parse_name(const std::string& file) {
  constexpr std::string_view kSuffix = ".pcapng";
  constexpr std::size_t kDigits = 8;
  if (!file.ends_with(kSuffix) || file.size() <= kDigits + 1 + kSuffix.size()) return std::nullopt;
  SegmentName name;
  const auto [end, error] = std::from_chars(file.data(), file.data() + kDigits, name.number);
  if (error != std::errc() || end != file.data() + kDigits || *end != '-') return std::nullopt;
  name.series = file.substr(kDigits + 1, file.size() - kDigits - 1 - kSuffix.size());
  return name;
}

std::string name_of(std::uint32_t number, const std::string& series) {
  char digits[16];
  std::snprintf(digits, sizeof digits, "%08u", number);
  return std::string(digits) + '-' + series + ".pcapng";
}

class LiveSpoolFolder final : public SpoolFolder, RunKeeper {
 public:
  LiveSpoolFolder(std::string directory, const SpoolOptions& options)
      : directory_(std::move(directory)),
        options_(options),
        run_(std::chrono::system_clock::now().time_since_epoch().count()),
        released_file_(directory_) {}
  LiveSpoolFolder(const LiveSpoolFolder&) = delete;
  LiveSpoolFolder& operator=(const LiveSpoolFolder&) = delete;
  ~LiveSpoolFolder() override { static_cast<void>(close(Duration::zero())); }

  Result<void> start();
  std::unique_ptr<Spool> make_spool(const std::string& series) override;
  std::unique_ptr<RecoveredSpool> recover() override;
  [[nodiscard]] SpoolFolderStats stats() const override;
  bool close(Duration patience) override;

 private:
  void let_go(std::span<SpooledRun* const> runs) override;
  void keep(std::vector<RunHold> runs) override;
  [[nodiscard]] bool is_closed() const override { return closed_; }

  SegmentHold make_segment(const std::string& series, Duration wall_offset);
  void run();
  [[nodiscard]] bool write_all();
  void sync();
  void note_released();
  [[nodiscard]] Result<void> make_released_anew();
  void count();
  [[nodiscard]] std::vector<HandOver*> outlets() const;

  const std::string directory_;
  const SpoolOptions options_;
  const std::int64_t run_;
  std::atomic<std::uint32_t> next_number_{1};
  std::atomic<bool> closed_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::int64_t> sync_begun_ = 0;  // of Clock; 0: none goes on

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<HandOver>> outlets_;  // guarded by mutex_
  std::vector<SpooledRun*> let_go_;                 // guarded by mutex_: a call's stand together
  std::vector<RunHold> kept_;                       // guarded by mutex_
  std::vector<RecoveredSegment> found_;             // guarded by mutex_
  SpoolFolderStats stats_;                          // guarded by mutex_

  // Writer thread.
  ReleasedRuns released_file_;
  ReleasedRanges released_;       // of segments that are still there
  std::uint64_t anew_bytes_ = 0;  // its size when it was made anew
  std::vector<SpooledRun*> to_note_;
  std::string last_error_;
  std::uint64_t note_errors_ = 0;
  unsigned syncs_ = 0;
  bool sync_refused_ = false;
  bool note_refused_ = false;
  Duration last_sync_{};
  Duration slowest_sync_{};

  std::thread thread_;
};

Result<void> LiveSpoolFolder::start() {
  // Better a call twice than a recorder that does not start.
  auto released = released_file_.read();
  if (!released) last_error_ = released.error().message;
  // A number that `released` speaks of is not given again, as that cannot be unsaid on a full disk.
  if (released && !released->empty()) next_number_ = released->rbegin()->first + 1;
  const std::error_code error = for_each_entry(directory_, [&](const fs::directory_entry& entry) {
    const auto name = parse_name(entry.path().filename());
    if (!name) return;
    next_number_ = std::max(next_number_.load(), name->number + 1);
    RecoveredSegment found;
    found.segment = SegmentHold(new SpoolSegment(entry.path(), name->number, this, {}));
    found.segment->set_written(UINT64_MAX);
    found.series = name->series;
    if (released && released->contains(name->number)) {
      found.released = released->at(name->number);
      released_[name->number] = found.released;
    }
    found_.push_back(std::move(found));
  });
  if (error) return failure("spool " + directory_ + ": cannot be read: " + error.message());
  std::sort(found_.begin(), found_.end(),
            [](const auto& a, const auto& b) { return a.segment->number() < b.segment->number(); });
  if (auto made = released_file_.rewrite(released_); !made) {
    // A full disk must not keep the recorder from listening: what was there goes on to count.
    last_error_ = made.error().message;
    note_refused_ = true;
  }
  count();
  thread_ = std::thread([this] {
    static_cast<void>(::pthread_setname_np(::pthread_self(), "koegura-spool"));
    run();
  });
  return {};
}

std::unique_ptr<Spool> LiveSpoolFolder::make_spool(const std::string& series) {
  auto outlet = std::make_unique<HandOver>(series, options_,
                                           [this](const std::string& of, Duration wall_offset) {
                                             return make_segment(of, wall_offset);
                                           });
  HandOver& there = *outlet;
  const std::lock_guard lock(mutex_);
  outlets_.push_back(std::move(outlet));
  return std::make_unique<Spool>(options_, there, nullptr);
}

SegmentHold LiveSpoolFolder::make_segment(const std::string& series, Duration wall_offset) {
  const std::uint32_t number = next_number_++;
  return SegmentHold(new SpoolSegment(
      directory_ + '/' + name_of(number, series), number, this,
      pcapng_preamble(LinkType::kRaw, comment_of({.run = run_, .wall_offset = wall_offset}))));
}

std::unique_ptr<RecoveredSpool> LiveSpoolFolder::recover() {
  std::vector<RecoveredSegment> found;
  {
    const std::lock_guard lock(mutex_);
    found.swap(found_);
  }
  if (found.empty()) return nullptr;
  return std::make_unique<RecoveredSpool>(std::move(found));
}

void LiveSpoolFolder::let_go(std::span<SpooledRun* const> runs) {
  if (closed_) {
    for (SpooledRun* run : runs) delete run;
    return;
  }
  const std::lock_guard lock(mutex_);
  let_go_.insert(let_go_.end(), runs.begin(), runs.end());
}

void LiveSpoolFolder::keep(std::vector<RunHold> runs) {
  const std::lock_guard lock(mutex_);
  std::move(runs.begin(), runs.end(), std::back_inserter(kept_));
}

std::vector<HandOver*> LiveSpoolFolder::outlets() const {
  const std::lock_guard lock(mutex_);
  std::vector<HandOver*> all;
  for (const auto& outlet : outlets_) all.push_back(outlet.get());
  return all;
}

void LiveSpoolFolder::run() {
  // A packet has waited half of the interval already.
  const Duration sync_every = options_.flush_interval / kSyncsInAnInterval;
  auto next_sync = Clock::now() + sync_every;
  while (!stopping_) {
    const bool any = write_all();
    if (Clock::now() >= next_sync) {
      sync();
      if (!sync_refused_) note_released();
      if (++syncs_ % kSyncsInAnInterval == 0) count();
      next_sync = Clock::now() + sync_every;
    }
    const auto all = outlets();
    const bool refused = std::any_of(all.begin(), all.end(),
                                     [](const HandOver* outlet) { return outlet->is_refused(); });
    if (refused) {
      std::this_thread::sleep_for(kRefused);
    } else if (!any) {
      std::this_thread::sleep_for(kSpoolIdle);
    }
  }
}

bool LiveSpoolFolder::write_all() {
  bool any = false;
  for (HandOver* outlet : outlets()) {
    any |= outlet->write();
    if (outlet->is_refused()) last_error_ = outlet->writer().last_error();
  }
  return any;
}

void LiveSpoolFolder::sync() {
  const auto begun = Clock::now();
  sync_begun_ = begun.time_since_epoch().count();
  sync_refused_ = false;
  for (HandOver* outlet : outlets()) {
    if (outlet->sync()) continue;
    sync_refused_ = true;
    last_error_ = outlet->writer().last_error();
  }
  sync_begun_ = 0;
  last_sync_ = Clock::now() - begun;
  slowest_sync_ = std::max(slowest_sync_, last_sync_);
}

// After the sync: a packet that was copied elsewhere is there for good before its old place goes.
void LiveSpoolFolder::note_released() {
  {
    const std::lock_guard lock(mutex_);
    to_note_.insert(to_note_.end(), let_go_.begin(), let_go_.end());
    let_go_.clear();
  }
  if (to_note_.empty() && !note_refused_) return;
  std::vector<ReleasedRun> batch;
  batch.reserve(to_note_.size());
  for (const SpooledRun* run : to_note_) {
    batch.push_back(
        {.segment = run->segment->number(), .offset = run->offset, .length = run->length});
  }
  auto noted = note_refused_ ? make_released_anew() : Result<void>();
  if (noted && !batch.empty()) noted = released_file_.add(batch);
  note_refused_ = !noted;
  if (!noted) {
    last_error_ = noted.error().message;
    ++note_errors_;
    return;  // they wait
  }
  for (const ReleasedRun& run : batch) {
    released_[run.segment].push_back({run.offset, run.offset + run.length});
  }
  for (const SpooledRun* run : std::exchange(to_note_, {})) delete run;  // and segments with them
  if (released_file_.bytes() > 2 * anew_bytes_ + kLargeReleased) {
    note_refused_ = !make_released_anew();
  }
}

// Of the segments that are gone nothing needs to be known.
Result<void> LiveSpoolFolder::make_released_anew() {
  std::map<std::uint32_t, bool> there;
  const std::error_code error = for_each_entry(directory_, [&](const fs::directory_entry& entry) {
    if (const auto name = parse_name(entry.path().filename())) there[name->number] = true;
  });
  if (error) return failure("spool " + directory_ + ": cannot be read: " + error.message());
  std::erase_if(released_, [&](const auto& of) { return !there.contains(of.first); });
  auto made = released_file_.rewrite(released_);
  if (made) anew_bytes_ = released_file_.bytes();
  return made;
}

void LiveSpoolFolder::count() {
  SpoolFolderStats stats;
  for_each_entry(directory_, [&](const fs::directory_entry& entry) {
    if (!parse_name(entry.path().filename())) return;
    std::error_code gone;
    const std::uintmax_t bytes = entry.file_size(gone);
    ++stats.segments;
    stats.bytes += gone ? 0 : bytes;
  });
  for (const HandOver* outlet : outlets()) {
    stats.write_errors += outlet->writer().errors();
    stats.refused = stats.refused || outlet->is_refused();
  }
  stats.write_errors += note_errors_;
  stats.refused = stats.refused || sync_refused_ || note_refused_;
  stats.sync_s = to_seconds(last_sync_);
  stats.slowest_sync_s = to_seconds(slowest_sync_);
  stats.last_error = last_error_;
  const std::lock_guard lock(mutex_);
  stats_ = std::move(stats);
}

SpoolFolderStats LiveSpoolFolder::stats() const {
  SpoolFolderStats stats;
  {
    const std::lock_guard lock(mutex_);
    stats = stats_;
  }
  // A sync that does not end is told while it goes on.
  if (const std::int64_t begun = sync_begun_; begun != 0) {
    const Duration lasts = Clock::now().time_since_epoch() - Duration(begun);
    stats.sync_s = std::max(stats.sync_s, to_seconds(lasts));
    stats.slowest_sync_s = std::max(stats.slowest_sync_s, stats.sync_s);
  }
  return stats;
}

bool LiveSpoolFolder::close(Duration patience) {
  if (!thread_.joinable()) return true;
  stopping_ = true;
  thread_.join();
  const auto end = Clock::now() + patience;
  const auto is_empty = [this] {
    const auto all = outlets();
    return std::all_of(all.begin(), all.end(), [](HandOver* outlet) { return outlet->is_empty(); });
  };
  while (!is_empty()) {
    if (write_all()) continue;
    if (is_empty() || Clock::now() > end) break;
    std::this_thread::sleep_for(kSpoolIdle);
  }
  const bool whole = is_empty();
  sync();
  for (HandOver* outlet : outlets()) outlet->close();
  if (!sync_refused_) note_released();
  count();
  closed_ = true;
  {
    const std::lock_guard lock(mutex_);
    found_.clear();
    kept_.clear();
  }
  for (const SpooledRun* run : std::exchange(to_note_, {})) delete run;
  return whole && !sync_refused_;
}

}  // namespace

Result<std::unique_ptr<SpoolFolder>> SpoolFolder::open(const std::string& directory,
                                                       const SpoolOptions& options) {
  if (auto ready = make_spool_folder(directory); !ready) {
    return tl::make_unexpected(std::move(ready.error()));
  }
  auto folder = std::make_unique<LiveSpoolFolder>(directory, options);
  if (auto started = folder->start(); !started) {
    return tl::make_unexpected(std::move(started.error()));
  }
  return folder;
}

}  // namespace koegura::capture
