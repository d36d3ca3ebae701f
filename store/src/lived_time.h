// LivedTime: how far time has gone on for certain, as the ledger can prove it; and which calls were
// recorded by a clock that was behind.
//
// A clock can be set to anything. What cannot be set is how long a machine has been running: so
// entries say that, too, and of two entries of one run of the machine it is known how much time lay
// between them. The sum of it, from the ledger's first moment on, is a moment that has surely
// come, whatever the clock shows. Not in it is the time while the machine was off: that, only a
// person can vouch for (an entry of kind "clock-confirmed"); until then the sum is late by it.
//
// The first moment is that of the first entry; or, once there is one, that of the first whose clock
// was synchronised. A synchronised clock that shows less has the last word.
//
// What a clock showed that nothing kept right is judged once one is synchronised again: where it
// was behind, calls of then have dates that are too old, and expire later by as much.
//
// Threads: none; no I/O.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/time.h"
#include "ledger.pb.h"
#include "store/box_clock.h"

namespace koegura::store {

class LivedTime {
 public:
  // In the ledger's order. Those without a boot (may_matter says so of their line) need not be
  // given, but for the first.
  void add(const LedgerEntry& entry);
  [[nodiscard]] static bool may_matter(std::string_view line);
  // The machine as it is now, behind the last entry.
  void observe(const BoxMoment& now);

  // Nothing before the first entry.
  [[nodiscard]] std::optional<Timestamp> until() const { return until_; }
  // When a call began whose record says `start`: that, or as much later as the clock was behind.
  [[nodiscard]] Timestamp true_start(Timestamp start) const;

 private:
  struct Behind {  // what the clock showed, and what was missing to the truth
    Timestamp from;
    Timestamp to;
    Duration by;
  };
  struct Reading {  // of a clock that was not synchronised
    Timestamp shown;
    Duration lived;
  };
  void take_synchronised(Timestamp time);
  void note_behind(Timestamp shown, Duration by);

  std::optional<Timestamp> until_;
  Duration lived_{};  // the sum of what is known to lie between the entries
  std::string boot_;
  Duration up_{};
  bool has_synchronised_ = false;
  std::vector<Reading> unjudged_;
  std::vector<Behind> behind_;
};

// Has the entry say on which run of the machine it was written, and when in it.
void stamp(LedgerEntry& entry, const BoxMoment& now);
// That; and its time and who, where they are missing.
void complete(LedgerEntry& entry, const BoxMoment& now, const std::string& who);

}  // namespace koegura::store
