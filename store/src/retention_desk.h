// RetentionDesk: what an archive knows of how long its calls are kept: the rules, what is held, how
// far time has gone on; and, of a writer, the changes of that: holds, erasures, the clock
// confirmed.
//
// Threads: any. One change at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive_folder.h"
#include "capture/error.h"
#include "change.pb.h"
#include "current_holds.h"
#include "due_calls.h"
#include "erasure.h"
#include "hold.pb.h"
#include "hold_changes.h"
#include "index.h"
#include "ledger_clerk.h"
#include "lived_ledger.h"
#include "mutex.h"
#include "retention.pb.h"
#include "store/archive.h"
#include "store/box_clock.h"
#include "store/retention.h"
#include "ulid.h"

namespace koegura::store {

class RetentionDesk {
 public:
  // All that is given outlives it.
  RetentionDesk(const ArchiveFolder& folder, Index& index, const ArchiveOptions& options);

  // From the next question on.
  void set_rules(const RetentionRules& rules);
  // Into a record: when it expires, by which rule, for which cases it is held, by what rules and
  // holds are now. Nothing of it where the holds cannot be read. REQUIRES: this outlives it.
  using Fill = std::function<Result<void>(CallRecord& record)>;
  [[nodiscard]] Fill filling();
  [[nodiscard]] Result<RetentionOutlook> outlook(Outlook wanted);
  [[nodiscard]] Result<HoldList> holds();
  // The calls that are held for the case, with the legs of their conversations, in order. kNotFound
  // if there is no such case.
  [[nodiscard]] Result<std::vector<Ulid>> held_for(const std::string& name);

  // ---- of a writer ----

  // Before any change; what was begun and cannot be completed now is no failure.
  [[nodiscard]] Result<void> begin_writing(IdLocks& writing, LedgerClerk& clerk);
  // REQUIRES for all: begin_writing.
  [[nodiscard]] Result<ArchiveChanged> place(const PlaceHold& wanted, const std::string& who);
  [[nodiscard]] Result<ArchiveChanged> lift(const LiftHold& wanted, const std::string& who);
  [[nodiscard]] Result<ArchiveChanged> erase(const EraseDue& wanted, const std::string& who);
  [[nodiscard]] Result<ArchiveChanged> confirm(const ConfirmClock& wanted, const std::string& who);

 private:
  struct Writer {
    LedgerClerk& clerk;
    HoldChanges holds;
    Erasure erasure;
  };
  [[nodiscard]] std::shared_ptr<const RetentionPolicy> policy();
  // What is to be known of all calls at this moment.
  [[nodiscard]] Result<RetentionView> view();
  [[nodiscard]] Result<void> add_due(const RetentionView& view, Timestamp until,
                                     RetentionOutlook& outlook) const;
  [[nodiscard]] Result<CallRecord> call(const std::string& id) const;
  // With the legs of the conversation that it asks for. kNotFound if it names a call that is not
  // there.
  [[nodiscard]] Result<PlaceHold> resolved(PlaceHold wanted) const;
  // What the placing may hold now, and other calls of its conversations.
  using VisitRecord = std::function<void(const CallRecord& record)>;
  [[nodiscard]] Result<void> for_each_held(const Hold& hold, const HoldPlacing& placing,
                                           const Holds& holds, const VisitRecord& visit) const;
  void wipe(Erased& outcome) KOEGURA_REQUIRES(changing_);

  const ArchiveFolder& folder_;
  Index& index_;
  const std::string region_;
  const BoxClock clock_;
  CurrentHolds holds_;
  LivedLedger lived_;
  Mutex mutex_;
  std::shared_ptr<const RetentionPolicy> policy_ KOEGURA_GUARDED_BY(mutex_);
  Mutex changing_;
  std::optional<Writer> writer_ KOEGURA_GUARDED_BY(changing_);
};

}  // namespace koegura::store
