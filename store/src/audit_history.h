// AuditHistory: what the ledger tells beside the calls that were archived: which were erased, and
// what is held; and whether the archive is so.
//
// Memory: 24 bytes an erased call. Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ledger.pb.h"
#include "ledger_holds.h"
#include "store/ledger_audit.h"
#include "ulid.h"

namespace koegura::store {

class AuditHistory {
 public:
  // In the ledger's order.
  void add(const LedgerEntry& entry, std::uint64_t sequence);

  // The entry of the call's erasure.
  [[nodiscard]] std::optional<std::uint64_t> erased(const Ulid& id);
  [[nodiscard]] std::uint64_t erased_calls() const { return erased_.size(); }

  // What of DIR/holds.jsonl is not as the ledger has it.
  [[nodiscard]] std::vector<LedgerFault> hold_faults(const std::string& archive) const;
  // Files that are there, of calls that were erased.
  [[nodiscard]] std::vector<LedgerFault> file_faults(const std::string& archive);

 private:
  struct Tombstone {
    Ulid id;
    std::uint64_t sequence = 0;
  };
  void sort();

  std::vector<Tombstone> erased_;  // in order of id, while is_sorted_
  bool is_sorted_ = true;
  LedgerHolds holds_;
};

}  // namespace koegura::store
