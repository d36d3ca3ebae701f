// LedgerClerk: keeps the ledger of an archive that is open for writing: the entry of each call that
// was added, the entries of what happens beside, a head each hour and at the end.
//
// A call is never held up by what the ledger's disk refuses, and never without its entry for good:
// it stays marked in the index (entry_marks.h), and the clerk's thread enters it later, in this run
// or the next. So it does with calls that were there before the ledger.
//
//   open (enter | note)*
//
// Threads: any; one of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <set>
#include <shared_mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "archive_folder.h"
#include "call_hashes.h"
#include "capture/error.h"
#include "id_locks.h"
#include "index.h"
#include "ledger.pb.h"
#include "ledger_book.h"
#include "mutex.h"
#include "store/box_clock.h"
#include "ulid.h"

namespace koegura::store {

class LedgerClerk {
 public:
  // All that is given outlives it. Opens the ledger, and enters what the last writer left over; if
  // that is much, in the thread. Refused as LedgerLog::open says.
  [[nodiscard]] static Result<std::unique_ptr<LedgerClerk>> open(const ArchiveFolder& folder,
                                                                 Index& index, IdLocks& writing,
                                                                 bool sync, BoxClock clock);
  LedgerClerk(const ArchiveFolder& folder, Index& index, IdLocks& writing, LedgerLog log,
              BoxClock clock);
  LedgerClerk(const LedgerClerk&) = delete;
  LedgerClerk& operator=(const LedgerClerk&) = delete;
  // Enters what was refused when it came, if it is little; writes what was noted, and signs the
  // last head.
  ~LedgerClerk();

  // The call has been added to the index, and its file is in its place. On disk when it returns,
  // or left to the thread. REQUIRES: the caller holds the call's id in `writing`.
  void enter(const Ulid& id, const std::string& file);
  // On disk when it returns, or refused, all of them or none. Time and who are filled in if they
  // are missing.
  [[nodiscard]] Result<void> append(std::vector<LedgerEntry> entries);
  [[nodiscard]] Result<void> append(LedgerEntry entry) {
    return append(std::vector<LedgerEntry>{std::move(entry)});
  }
  // The entry of a bundle's export, then a head that has it, then the signature: none is given
  // without its entry.
  [[nodiscard]] Result<Signature> sign_export(LedgerEntry entry, std::string_view manifest);
  // The tombstones of calls, then what the index is to know of them; if the ledger refuses,
  // neither.
  [[nodiscard]] Result<void> append_erased(std::vector<LedgerEntry> entries,
                                           const std::vector<KeyChange>& marks);
  // Written soon, in the order of the calls to this; never waits for the disk.
  void note(LedgerEntry entry);
  [[nodiscard]] const std::string& who() const { return who_; }  // whose process this is
  [[nodiscard]] std::uint64_t entries() { return book_.size(); }
  // Why the ledger is behind; empty if it is not.
  [[nodiscard]] std::string problem() const;

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] LedgerEntry completed(LedgerEntry entry) const;
  [[nodiscard]] Result<void> reconcile();
  [[nodiscard]] Result<void> forget_entered(std::uint64_t from);
  [[nodiscard]] Result<void> add_marks_of(const LedgerEntry& entry, std::vector<KeyChange>& marks);
  [[nodiscard]] Result<void> append_archived(const Ulid& id, const CallHashes& hashes,
                                             bool adopted);
  // A call that is marked; true if it needs no more work.
  [[nodiscard]] bool adopt(const Ulid& id);
  // Of at most so many; true if none is left that can be entered.
  [[nodiscard]] bool enter_marked(std::size_t most, const std::stop_token& stop);
  [[nodiscard]] bool write_notes();
  [[nodiscard]] Result<void> sign_head();
  void work(const std::stop_token& stop);
  // True if calls are marked.
  [[nodiscard]] bool wait_for_work(Clock::time_point until, const std::stop_token& stop);
  // Rests for as long as the work took, so that a recorder beside has the better half of the disk.
  void rest(Clock::duration time, const std::stop_token& stop);
  void ask_thread();
  void set_problem(const Result<void>& outcome);

  const ArchiveFolder& folder_;
  Index& index_;
  IdLocks& writing_;
  LedgerBook book_;
  const std::string who_;
  const BoxClock clock_;
  // Shared from an entry's append until its mark is gone: the position that the index keeps is
  // taken while nobody is in between.
  std::shared_mutex entering_;

  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<LedgerEntry> notes_ KOEGURA_GUARDED_BY(mutex_);
  bool has_marked_ KOEGURA_GUARDED_BY(mutex_) = false;  // calls wait for the thread
  std::string problem_ KOEGURA_GUARDED_BY(mutex_);
  // Entered, and their mark could not be taken off.
  std::set<Ulid> entered_ KOEGURA_GUARDED_BY(mutex_);
  // Erased, and the index could not be told: its position stays, so that the next start does.
  bool has_untold_ KOEGURA_GUARDED_BY(mutex_) = false;

  std::jthread thread_;  // last: it ends before what it uses
};

}  // namespace koegura::store
