// LedgerAudit: is the ledger what was signed, and is the archive what the ledger says? Every line
// is read, every hash made anew, and what does not fit is named. Nothing is trusted but the key's
// public half; with a head that was kept elsewhere, not what is on the box either: nothing before
// it can have been changed, removed or put in another order.
//
//   read check* finish
//
// Memory: 32 bytes a call, 24 one that was erased. Threads: one, but check, which any may call at
// once, of different calls. A recorder may go on beside it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "capture/error.h"
#include "record.pb.h"

namespace koegura::store {

// Something does not fit.
struct LedgerFault {
  std::string
      where;  // "entry 17", "checkpoint", "key.pub", "leaves", "the head kept", "call 01K..."
  std::string what;
};

class LedgerAudit {
 public:
  using OnFault = std::function<void(const LedgerFault&)>;
  // Reads the ledger of this archive, and compares it with its own head and the one kept (its text;
  // empty: none was). kNotFound if there is no ledger at all, else it fails only if the disk does.
  // `fault` is called by this and by finish.
  [[nodiscard]] static Result<std::unique_ptr<LedgerAudit>> read(const std::string& archive,
                                                                 const std::string& kept,
                                                                 OnFault fault);
  virtual ~LedgerAudit() = default;

  [[nodiscard]] virtual std::uint64_t entries() const = 0;
  [[nodiscard]] virtual std::uint64_t signed_entries() const = 0;
  [[nodiscard]] virtual std::uint64_t kept_entries() const = 0;  // of the head kept
  [[nodiscard]] virtual std::uint64_t faults() const = 0;
  // Calls that were erased on schedule.
  [[nodiscard]] virtual std::uint64_t erased() const = 0;

  // Is the call's file the one that its last entry tells of? True if it is, and was entered as it
  // was archived; false if the entry is of a file that was there before. A call without an entry
  // (false, too) is told by finish, as it may have been archived since.
  [[nodiscard]] virtual Result<bool> check(const CallRecord& record, const std::string& file) = 0;
  // Every call of the archive was checked: what is left has no entry, or no call and no tombstone;
  // and whether what was erased is gone, and what is held is what was placed.
  [[nodiscard]] virtual Result<void> finish() = 0;
};

}  // namespace koegura::store
