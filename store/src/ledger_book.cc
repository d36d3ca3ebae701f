#include "ledger_book.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace koegura::store {

LedgerBook::LedgerBook(LedgerLog log)
    : size_(log.size()), origin_(log.origin()), log_(std::move(log)) {}

void LedgerBook::begin_turn() {
  while (is_taken_) changed_.wait(mutex_);
  is_taken_ = true;
}

void LedgerBook::end_turn() {
  {
    const MutexLock lock(mutex_);
    is_taken_ = false;
    size_ = log_.size();
  }
  changed_.notify_all();
}

Result<void> LedgerBook::append(std::vector<LedgerEntry> entries) {
  std::shared_ptr<Batch> batch;
  const auto add = [&] {
    std::move(entries.begin(), entries.end(), std::back_inserter(batch->entries));
  };
  {
    const MutexLock lock(mutex_);
    if (next_) {  // whoever began it writes it
      batch = next_;
      add();
      while (!batch->is_done) changed_.wait(mutex_);
      return batch->outcome;
    }
    next_ = batch = std::make_shared<Batch>();
    add();
    begin_turn();
    next_.reset();
  }
  Result<void> outcome = log_.append(batch->entries);
  {
    const MutexLock lock(mutex_);
    batch->outcome = outcome;
    batch->is_done = true;
  }
  end_turn();
  return outcome;
}

Result<void> LedgerBook::sign_head() {
  {
    const MutexLock lock(mutex_);
    begin_turn();
  }
  Result<void> done = log_.sign_head();
  end_turn();
  return done;
}

Result<Signature> LedgerBook::sign_manifest(std::string_view manifest) {
  {
    const MutexLock lock(mutex_);
    begin_turn();
  }
  Result<Signature> signature = log_.sign_manifest(manifest);
  end_turn();
  return signature;
}

std::uint64_t LedgerBook::size() {
  const MutexLock lock(mutex_);
  return size_;
}

}  // namespace koegura::store
