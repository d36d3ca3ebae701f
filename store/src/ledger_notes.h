// LedgerNotes: what happens to an archive while it has no index, entered in its ledger all the
// same: the ledger needs none.
//
//   (note | write)* close
//
// What could not be written waits, and is written later, or given to the archive once it is open.
//
// Threads: note on any; write, close and take_left on one at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "ledger.pb.h"
#include "ledger_log.h"
#include "mutex.h"
#include "store/box_clock.h"

namespace koegura::store {

class LedgerNotes {
 public:
  static constexpr std::size_t kMost = 10'000;  // that wait: those that come later are dropped

  // REQUIRES, of all but note: the caller has the lock of the archive, and it is not open.
  LedgerNotes(std::string archive, bool sync, BoxClock clock);

  // Never waits for the disk. Time and who are filled in if they are missing.
  void note(LedgerEntry entry);
  // What has been noted; on disk when it returns, unless the disk refuses.
  void write();
  // Writes, signs a head over what was written, and lets go of the ledger; write opens it anew.
  void close();
  // What still waits, in order; nothing waits then. Time and who are filled in.
  [[nodiscard]] std::vector<LedgerEntry> take_left();

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] bool open();
  [[nodiscard]] std::optional<LedgerEntry> first() const;

  const std::string archive_;
  const bool sync_;
  const BoxClock clock_;
  const std::string who_;
  std::optional<LedgerLog> log_;
  bool is_refused_ = false;  // it is not what was signed: nothing is written to it
  Clock::time_point not_before_{};
  mutable Mutex mutex_;
  std::deque<LedgerEntry> notes_ KOEGURA_GUARDED_BY(mutex_);
};

}  // namespace koegura::store
