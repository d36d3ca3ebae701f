// LivedLedger: LivedTime of an archive's ledger, read on when it is asked.
//
// Threads: any.
#pragma once

#include <string>
#include <utility>

#include "capture/error.h"
#include "ledger_scan.h"
#include "lived_time.h"
#include "mutex.h"

namespace koegura::store {

class LivedLedger {
 public:
  explicit LivedLedger(std::string archive) : scan_(std::move(archive)) {}

  // As the ledger is now. The first time it reads all of it.
  [[nodiscard]] Result<LivedTime> get();

 private:
  Mutex mutex_;
  LedgerScan scan_ KOEGURA_GUARDED_BY(mutex_);
  LivedTime time_ KOEGURA_GUARDED_BY(mutex_);
};

}  // namespace koegura::store
