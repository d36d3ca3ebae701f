// NoteAudit: are the notes of each call those that the ledger tells of, beside its file and in the
// index: none changed, cut, removed or added? By a tag another rule may count.
//
//   add* check* add_later* finish
//
// Memory: 32 bytes a note. Threads: one; a recorder may go on beside it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "capture/error.h"
#include "ledger.pb.h"
#include "record.pb.h"
#include "sha256.h"
#include "ulid.h"

namespace koegura::store {

class NoteAudit {
 public:
  // Each entry of the ledger, in its order; those of other kinds are passed over.
  void add(const LedgerEntry& entry);
  // The notes beside this file of a call, and those of its record in the index, which was read
  // since the ledger was, and before this. Some that no entry tells of yet wait for finish: they
  // may have been written since.
  [[nodiscard]] Result<void> check(const Ulid& id, const std::string& call_file,
                                   const CallRecord& record);
  // Entries that were written since.
  void add_later(const LedgerEntry& entry);
  [[nodiscard]] bool is_waiting() const { return !waiting_.empty(); }
  // The calls that have notes which are in no entry.
  void finish(const std::function<void(const Ulid&)>& fault) const;

 private:
  std::map<Ulid, std::vector<Sha256>> notes_;
  std::map<Ulid, std::vector<Sha256>> waiting_;
};

}  // namespace koegura::store
