// Erasure: a call goes from the archive for good, and its tombstone stays in the ledger.
//
//   1. the ledger   entries "erased": which call, by which rule, since when it might, who approved
//                   it, the SHA-256 of what there was; synced. From here on the call is erased
//   2. the index    'x' (it does not come back) and 'h' (what is left of it)
//   3. the index    its record and keys: nobody finds it any more
//   4. the files    the call's, and what lies beside it under its name; the folder synced
//   5. the index    'h'
//
// Died after 1: the next start finds the entry behind the index's position, and does 2. Died, or
// refused by the disk, after 2: 'h' says what is left; the next start and the next erasure do it.
//
// Threads: one at a time; puts may go on beside it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "archive_folder.h"
#include "capture/error.h"
#include "change.pb.h"
#include "id_locks.h"
#include "index.h"
#include "ledger_clerk.h"
#include "ulid.h"

namespace koegura::store {

struct ExpiredCall {
  CallRecord record;
  std::string rule;
  Timestamp expired;
};

class Erasure {
 public:
  // All that is given outlives it.
  Erasure(const ArchiveFolder& folder, Index& index, IdLocks& writing, LedgerClerk& clerk)
      : folder_(folder), index_(index), writing_(writing), clerk_(clerk) {}

  // What was begun. Goes on past what the disk refuses; the first refusal is the result.
  [[nodiscard]] Result<void> complete_begun();

  // `outcome` gets how many calls and bytes, and what went wrong with single ones. Fails if nothing
  // was erased, as the ledger could not be written.
  [[nodiscard]] Result<void> erase(std::span<const ExpiredCall> calls, const std::string& who,
                                   Erased& outcome);

 private:
  [[nodiscard]] Result<void> complete(const Ulid& id, const Erasing& left);

  const ArchiveFolder& folder_;
  Index& index_;
  IdLocks& writing_;
  LedgerClerk& clerk_;
};

// True if its tombstone was written: such a call is not archived again.
[[nodiscard]] Result<bool> is_erased(const Index& index, const Ulid& id);

}  // namespace koegura::store
