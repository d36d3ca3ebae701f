// LedgerBook: the ledger for many threads: what comes while one entry is being synced goes to disk
// with the next sync, all together.
//
// Threads: any.
#pragma once

#include <condition_variable>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capture/error.h"
#include "ledger.pb.h"
#include "ledger_log.h"
#include "mutex.h"

namespace koegura::store {

class LedgerBook {
 public:
  explicit LedgerBook(LedgerLog log);

  // All of them, in this order, or none; on disk when it returns.
  [[nodiscard]] Result<void> append(std::vector<LedgerEntry> entries);
  [[nodiscard]] Result<void> append(LedgerEntry entry) {
    return append(std::vector<LedgerEntry>{std::move(entry)});
  }
  [[nodiscard]] Result<void> sign_head();
  [[nodiscard]] Result<Signature> sign_manifest(std::string_view manifest);
  // Entries that are on disk.
  [[nodiscard]] std::uint64_t size();
  [[nodiscard]] const std::string& origin() const { return origin_; }

 private:
  struct Batch {
    std::vector<LedgerEntry> entries;
    bool is_done = false;
    Result<void> outcome;
  };
  // The log is the caller's from here to the end of its turn.
  void begin_turn() KOEGURA_REQUIRES(mutex_);
  void end_turn();

  Mutex mutex_;
  std::condition_variable_any changed_;
  std::shared_ptr<Batch> next_ KOEGURA_GUARDED_BY(mutex_);  // still takes entries
  bool is_taken_ KOEGURA_GUARDED_BY(mutex_) = false;        // the log
  std::uint64_t size_ KOEGURA_GUARDED_BY(mutex_);
  const std::string origin_;
  LedgerLog log_;  // of the thread whose turn it is
};

}  // namespace koegura::store
