// Watch: judges the recorder's hearing again and again, so that what is wrong is raised once, with
// the time it began, and ended once. Keeps snapshots of the last ten minutes.
//
// Threads: one.
#pragma once

#include <deque>
#include <vector>

#include "hearing.h"

namespace koegura::tools {

// A finding has begun, or ended.
struct Change {
  bool begun = true;
  Finding finding;  // as last judged; since is when it began
  Timestamp at;     // when it was seen to begin or end
};

class Watch {
 public:
  explicit Watch(const HearingOptions& options) : options_(options) {}

  void set_options(const HearingOptions& options) { options_ = options; }
  // To be called every few seconds, with snapshots of one tap in the order they were taken, and
  // what else is wrong at that moment. A finding that turns from a notice into an alarm begins once
  // more, as an alarm.
  [[nodiscard]] std::vector<Change> on_snapshot(const capture::TapSnapshot& now,
                                                std::vector<Finding> others = {});
  // What is wrong now, in the order it began.
  [[nodiscard]] std::vector<Finding> findings() const;

 private:
  struct Entry {
    Finding finding;
    Timestamp first;  // judged so the first time
    Timestamp last;   // and the last
    bool begun = false;
  };

  void keep(const capture::TapSnapshot& snapshot);
  void note(Finding finding, Timestamp at, std::vector<Change>& changes);
  void end_those_gone(Timestamp at, std::vector<Change>& changes);

  HearingOptions options_;
  std::deque<capture::TapSnapshot> kept_;  // oldest first, without their calls
  std::vector<Entry> entries_;
};

}  // namespace koegura::tools
