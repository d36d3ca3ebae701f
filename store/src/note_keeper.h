// NoteKeeper: adds notes to calls of an archive that is open for writing.
//
//   1. a mark in the index ('a'): where the file of notes ends, and how many entries the ledger has
//   2. the line, behind the others in the file beside the call's
//   3. the record in the index, with its terms
//   4. the ledger's entry, of the line's hash
//   5. the mark goes
//
// A note is acknowledged once it has its entry. What was cut short between 1 and 5 is finished at
// the next start if it has one, and taken back if it has none: nobody was told of it.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <string>

#include "archive_folder.h"
#include "capture/error.h"
#include "change.pb.h"
#include "id_locks.h"
#include "index.h"
#include "ledger_clerk.h"
#include "ulid.h"

namespace koegura::store {

class NoteKeeper {
 public:
  // All that is given outlives it.
  NoteKeeper(const ArchiveFolder& folder, Index& index, IdLocks& writing, LedgerClerk& clerk,
             bool sync)
      : folder_(folder), index_(index), writing_(writing), clerk_(clerk), sync_(sync) {}

  // All of it on disk when it returns; on failure nothing of it is left, or taken back by the next
  // start. kUsage and kNotFound as the errors say.
  [[nodiscard]] Result<void> add(const NewNote& wanted, const std::string& who);
  // What the last writer was cut short in.
  [[nodiscard]] Result<void> settle();

 private:
  [[nodiscard]] Result<void> settle(const Ulid& id, const std::string& mark);
  [[nodiscard]] Result<void> keep(const CallRecord& record, std::uint64_t end, const Note& note);
  [[nodiscard]] Result<void> show_in_index(CallRecord record) const;
  [[nodiscard]] std::string path_of(const CallRecord& record) const;

  const ArchiveFolder& folder_;
  Index& index_;
  IdLocks& writing_;
  LedgerClerk& clerk_;
  const bool sync_;
};

}  // namespace koegura::store
