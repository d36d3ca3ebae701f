// Hold changes: DIR/holds.jsonl as its one writer changes it.
//
//   holds.jsonl.next  what is to be, on disk
//   the ledger        the entry: from now on the change is made
//   holds.jsonl       takes its place
//
// Whoever died in between left holds.jsonl.next: if it is what the ledger says, it takes its place
// at the next start, else it goes.
//
// Threads: one at a time.
#pragma once

#include <functional>
#include <string>

#include "capture/error.h"
#include "change.pb.h"
#include "current_holds.h"
#include "ledger.pb.h"

namespace koegura::store {

using AppendEntry = std::function<Result<void>(LedgerEntry entry)>;

class HoldChanges {
 public:
  // `holds` outlives it.
  HoldChanges(const std::string& archive, CurrentHolds& holds, AppendEntry append)
      : archive_(archive), path_(holds_path(archive)), holds_(holds), append_(std::move(append)) {}

  // Before any change: what the last writer left.
  [[nodiscard]] Result<void> recover();

  // kUsage if nothing would be held, or by a name that is none. REQUIRES: its calls are there.
  [[nodiscard]] Result<void> place(const PlaceHold& wanted, const std::string& who, Timestamp now);
  // kNotFound if nothing is held for the case.
  [[nodiscard]] Result<void> lift(const LiftHold& wanted, const std::string& who);

 private:
  [[nodiscard]] Result<void> write(const std::vector<Hold>& holds, LedgerEntry entry);
  [[nodiscard]] std::string next() const { return path_ + ".next"; }

  const std::string archive_;
  const std::string path_;
  CurrentHolds& holds_;
  AppendEntry append_;
};

}  // namespace koegura::store
