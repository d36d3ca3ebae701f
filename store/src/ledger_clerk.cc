#include "ledger_clerk.h"

#include <optional>
#include <utility>

#include "durable_file.h"
#include "entry_marks.h"
#include "ledger_format.h"
#include "lived_time.h"
#include "record.h"
#include "store/ledger.h"
#include "store/user_name.h"

namespace koegura::store {

namespace {

constexpr std::size_t kAtOnce = 32;  // calls entered before the archive is open, or closed
constexpr std::size_t kForgottenABatch = 1000;
constexpr auto kHeadEvery = std::chrono::hours(1);
constexpr auto kTryAgainAfter = std::chrono::seconds(10);

bool is_worth_a_head(const LedgerEntry& entry) {
  return entry.kind() == "accounting" || entry.kind() == "stop";
}

}  // namespace

Result<std::unique_ptr<LedgerClerk>> LedgerClerk::open(const ArchiveFolder& folder, Index& index,
                                                       IdLocks& writing, bool sync,
                                                       BoxClock clock) {
  Result<LedgerLog> log = LedgerLog::open(ledger_of(folder.path()), sync);
  if (!log) return tl::make_unexpected(std::move(log).error());
  auto clerk =
      std::make_unique<LedgerClerk>(folder, index, writing, std::move(*log), std::move(clock));
  if (Result<void> done = clerk->reconcile(); !done) {
    return tl::make_unexpected(std::move(done).error());
  }
  clerk->thread_ =
      std::jthread([self = clerk.get()](const std::stop_token& stop) { self->work(stop); });
  return clerk;
}

LedgerClerk::LedgerClerk(const ArchiveFolder& folder, Index& index, IdLocks& writing, LedgerLog log,
                         BoxClock clock)
    : folder_(folder),
      index_(index),
      writing_(writing),
      book_(std::move(log)),
      who_(own_user_name()),
      clock_(std::move(clock)) {}

LedgerClerk::~LedgerClerk() {
  thread_.request_stop();
  if (thread_.joinable()) {  // it was opened, and knows which calls have their entry
    thread_.join();
    static_cast<void>(enter_marked(kAtOnce, std::stop_token()));  // what was refused when it came
  }
  static_cast<void>(write_notes());
  static_cast<void>(sign_head());
}

// What the index is to know of an entry that the last writer made.
Result<void> LedgerClerk::add_marks_of(const LedgerEntry& entry, std::vector<KeyChange>& marks) {
  const std::optional<Ulid> id = Ulid::parse(entry.call());
  if (!id) return {};
  if (entry.kind() == kArchivedEntry) marks.push_back({waiting_key(*id), std::nullopt});
  if (entry.kind() != kErasedEntry) return {};
  marks.push_back({erased_key(*id), std::string()});
  const Result<std::optional<CallRecord>> record = index_.get(*id);
  if (!record) return tl::make_unexpected(record.error());
  if (!*record) return {};
  const std::string& path = (*record)->audio().path();
  const std::uint64_t bytes = file_size(folder_.path() + "/" + path).value_or(0);
  marks.push_back({erasing_key(*id), encode_erasing({.file_bytes = bytes, .path = path})});
  return {};
}

// What the last writer entered and did not come to tell the index.
Result<void> LedgerClerk::forget_entered(std::uint64_t from) {
  if (from >= book_.size()) return {};
  const Result<std::unique_ptr<Ledger>> ledger = Ledger::open(folder_.path());
  if (!ledger) return tl::make_unexpected(ledger.error());
  std::vector<KeyChange> marks;
  Result<void> changed;
  const Result<void> read = (*ledger)->for_each(from, [&](const LedgerEntry& entry, auto) {
    changed = add_marks_of(entry, marks);
    if (!changed || marks.size() < kForgottenABatch) return changed.has_value();
    changed = index_.change(marks);
    marks.clear();
    return changed.has_value();
  });
  if (!read || !changed) return read ? changed : read;
  return marks.empty() ? Result<void>() : index_.change(marks);
}

Result<void> LedgerClerk::reconcile() {
  const Result<std::optional<LedgerPosition>> known = ledger_position(index_);
  if (!known) return tl::make_unexpected(known.error());
  const bool is_ours =
      known->has_value() && (*known)->origin == book_.origin() && (*known)->entries <= book_.size();
  Result<void> done = is_ours ? Result<void>() : mark_all(index_);
  if (done) done = forget_entered(is_ours ? (*known)->entries : 0);
  if (done) done = set_ledger_position(index_, {book_.size(), book_.origin()});
  if (!done) return done;
  if (!enter_marked(kAtOnce, std::stop_token())) ask_thread();
  // A full disk keeps nobody from recording: the last head stands until there is room.
  if (Result<void> has_head = sign_head(); !has_head) set_problem(has_head);
  return {};
}

Result<void> LedgerClerk::append_archived(const Ulid& id, const CallHashes& hashes, bool adopted) {
  LedgerEntry entry;
  *entry.mutable_time() = to_proto(clock_().time);
  entry.set_kind(std::string(kArchivedEntry));
  entry.set_who(who_);
  entry.set_call(id.text());
  entry.set_file_sha256(hex(hashes.file));
  entry.set_record_sha256(hex(hashes.record));
  entry.set_adopted(adopted);
  const std::shared_lock entering(entering_);
  Result<void> appended = book_.append(std::move(entry));
  set_problem(appended);
  if (!appended) return appended;
  if (!unmark(index_, id)) {
    const MutexLock lock(mutex_);
    entered_.insert(id);
  }
  return {};
}

void LedgerClerk::enter(const Ulid& id, const std::string& file) {
  const Result<CallHashes> hashes = hashes_of_call_file(file);
  if (!hashes || !append_archived(id, *hashes, /*adopted=*/false)) ask_thread();
}

bool LedgerClerk::adopt(const Ulid& id) {
  const IdLocks::Hold hold(writing_, id.text());
  if (!is_marked(index_, id).value_or(false)) return true;
  {
    const MutexLock lock(mutex_);
    if (entered_.contains(id)) {
      if (!unmark(index_, id)) return false;
      entered_.erase(id);
      return true;
    }
  }
  const Result<std::optional<CallRecord>> record = index_.get(id);
  if (!record) return false;
  if (!*record) return unmark(index_, id).has_value();
  const std::string file = folder_.path() + "/" + (*record)->audio().path();
  // A file that cannot be read has no hash: the call waits until it is archived again.
  const Result<CallHashes> hashes = hashes_of_call_file(file);
  if (!hashes) return true;
  return append_archived(id, *hashes, /*adopted=*/true).has_value();
}

bool LedgerClerk::enter_marked(std::size_t most, const std::stop_token& stop) {
  bool is_whole = true;
  std::size_t count = 0;
  const Result<void> walked = for_each_marked(index_, [&](const Ulid& id) {
    is_whole = count < most && !stop.stop_requested();
    if (!is_whole) return false;
    ++count;
    const auto begun = Clock::now();
    is_whole = adopt(id);
    if (is_whole && stop.stop_possible()) rest(Clock::now() - begun, stop);
    return is_whole;
  });
  return walked && is_whole;
}

LedgerEntry LedgerClerk::completed(LedgerEntry entry) const {
  complete(entry, clock_(), who_);
  return entry;
}

Result<void> LedgerClerk::append(std::vector<LedgerEntry> entries) {
  for (LedgerEntry& entry : entries) {
    entry = completed(std::move(entry));
    if (const Result<std::string> line = entry_line(entry); !line) {
      return tl::make_unexpected(line.error());
    }
  }
  Result<void> appended = book_.append(std::move(entries));
  set_problem(appended);
  return appended;
}

Result<void> LedgerClerk::append_erased(std::vector<LedgerEntry> entries,
                                        const std::vector<KeyChange>& marks) {
  for (LedgerEntry& entry : entries) entry = completed(std::move(entry));
  const std::shared_lock entering(entering_);
  Result<void> appended = book_.append(std::move(entries));
  set_problem(appended);
  if (!appended) return appended;
  Result<void> told = index_.change(marks);
  if (!told) {
    const MutexLock lock(mutex_);
    has_untold_ = true;
  }
  return told;
}

Result<Signature> LedgerClerk::sign_export(LedgerEntry entry, std::string_view manifest) {
  Result<void> entered = append(std::move(entry)).and_then([&] { return sign_head(); });
  if (!entered) return tl::make_unexpected(std::move(entered).error());
  return book_.sign_manifest(manifest);
}

void LedgerClerk::note(LedgerEntry entry) {
  entry = completed(std::move(entry));
  {
    const MutexLock lock(mutex_);
    if (!entry_line(entry)) {
      problem_ = "an entry of kind " + entry.kind() + " is too long for the ledger";
      return;
    }
    notes_.push_back(std::move(entry));
  }
  changed_.notify_all();
}

bool LedgerClerk::write_notes() {
  bool wants_head = false;
  while (true) {
    std::optional<LedgerEntry> entry;
    {
      const MutexLock lock(mutex_);
      if (!notes_.empty()) entry = notes_.front();
    }
    if (!entry) break;
    wants_head = wants_head || is_worth_a_head(*entry);
    const Result<void> appended = book_.append(std::move(*entry));
    set_problem(appended);
    if (!appended) return false;
    const MutexLock lock(mutex_);
    notes_.pop_front();
  }
  if (!wants_head) return true;
  const Result<void> has_head = sign_head();
  set_problem(has_head);
  return has_head.has_value();
}

Result<void> LedgerClerk::sign_head() {
  {
    const std::unique_lock nobody_enters(entering_);
    const LedgerPosition position{book_.size(), book_.origin()};
    const MutexLock lock(mutex_);
    if (entered_.empty() && !has_untold_) static_cast<void>(set_ledger_position(index_, position));
  }
  return book_.sign_head();
}

bool LedgerClerk::wait_for_work(Clock::time_point until, const std::stop_token& stop) {
  const MutexLock lock(mutex_);
  const auto has_work = [&]() KOEGURA_REQUIRES(mutex_) { return !notes_.empty() || has_marked_; };
  changed_.wait_until(mutex_, stop, until, has_work);
  return std::exchange(has_marked_, false);
}

void LedgerClerk::work(const std::stop_token& stop) {
  auto next_head = Clock::now() + kHeadEvery;
  while (!stop.stop_requested()) {
    const bool has_marked = wait_for_work(next_head, stop);
    if (stop.stop_requested()) return;
    if (Clock::now() >= next_head) {
      set_problem(sign_head());
      next_head = Clock::now() + kHeadEvery;
    }
    const bool has_written = write_notes();
    const bool has_entered = !has_marked || enter_marked(SIZE_MAX, stop);
    if (!has_entered) ask_thread();
    if (!has_written || !has_entered) rest(kTryAgainAfter, stop);
  }
}

void LedgerClerk::rest(Clock::duration time, const std::stop_token& stop) {
  const MutexLock lock(mutex_);
  changed_.wait_for(mutex_, stop, time, [] { return false; });
}

void LedgerClerk::ask_thread() {
  {
    const MutexLock lock(mutex_);
    has_marked_ = true;
  }
  changed_.notify_all();
}

void LedgerClerk::set_problem(const Result<void>& outcome) {
  const MutexLock lock(mutex_);
  problem_ = outcome ? std::string() : outcome.error().message;
}

std::string LedgerClerk::problem() const {
  const MutexLock lock(mutex_);
  return problem_;
}

}  // namespace koegura::store
