// ledger_events: what a recorder or a replay tells the ledger beside its calls: that it began and
// ended, what kept calls from being recorded, steps of the clock, and each hour its accounting.
#pragma once

#include <string>
#include <vector>

#include "output.pb.h"
#include "recorder.h"
#include "store/archive.h"
#include "watch.h"

namespace koegura::tools {

[[nodiscard]] LedgerEntry start_entry(const std::vector<std::string>& sources);
// Every count of it that is not 0; with the kind "accounting" or "stop".
[[nodiscard]] LedgerEntry accounting_entry(const std::string& kind, const Accounting& accounting);
// An alarm that has begun, or ended.
[[nodiscard]] LedgerEntry outage_entry(const Change& change, Duration wall_offset);

// What a live recorder has to tell, as it goes. Threads: one.
class LedgerEvents {
 public:
  // The archive outlives it.
  explicit LedgerEvents(store::Archive& archive) : archive_(archive) {}

  // The recorder has judged itself: what began and what ended, on the capture's clock.
  void on_judgement(const RecorderView& now, const std::vector<Change>& changes);

 private:
  void tell_recovery(const RecorderView& now);
  void tell_clock_steps(const RecorderView& now);

  store::Archive& archive_;
  bool recovery_told_ = false;
  Timestamp last_step_{};
  Timestamp accounted_{};  // the last time, on the capture's clock
};

}  // namespace koegura::tools
