// LedgerHolds: which holds there are to be, as the ledger tells it. No I/O.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "ledger.pb.h"
#include "ledger_format.h"

namespace koegura::store {

struct LedgerHold {
  std::string sha256;  // of its line
  std::uint64_t sequence = 0;
};

class LedgerHolds {
 public:
  // In the ledger's order; entries of other kinds are passed over.
  void add(const LedgerEntry& entry, std::uint64_t sequence) {
    if (entry.kind() != kHoldEntry) return;
    if (entry.action() == kPlaceAction) {
      in_force_[entry.case_()] = {.sha256 = entry.hold_sha256(), .sequence = sequence};
    } else {
      in_force_.erase(entry.case_());
    }
  }
  [[nodiscard]] const std::map<std::string, LedgerHold>& in_force() const { return in_force_; }

 private:
  std::map<std::string, LedgerHold> in_force_;  // by case
};

}  // namespace koegura::store
