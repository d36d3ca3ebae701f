#include "watch.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace koegura::tools {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// The stretch that is judged: long enough for a count to mean something in a small office.
constexpr Duration kStretch = minutes(10);
constexpr Duration kSpacing = seconds(20);  // of the snapshots kept: at most 31 of them

// How long a finding must be seen before it begins, and be gone before it ends.
struct Patience {
  std::string_view id;
  Duration begin;
  Duration end;
};
constexpr std::array kFindingPatience = {
    // Facts: true at once, and untrue at once.
    Patience{"no_frames", seconds(0), seconds(0)},
    Patience{"no_sip", seconds(0), seconds(0)},
    Patience{"source_failed", seconds(0), seconds(0)},
    Patience{"imbalance", seconds(0), seconds(0)},
    // A step is over at once; calls that began before it go on.
    Patience{"clock", seconds(0), minutes(10)},
    // Sums over the stretch: they stay for its ten minutes by themselves.
    Patience{"ring_losses", seconds(0), seconds(0)},
    Patience{"interface_losses", seconds(0), seconds(0)},
    Patience{"hand_off_drops", seconds(0), seconds(0)},
    Patience{"spool_full", seconds(0), seconds(0)},
    Patience{"limit_hit", seconds(0), seconds(0)},
    // Of the disk: a fact at once. A slow moment is none; and one that refuses, or is full, again
    // and
    // again is one alarm.
    Patience{"spool_refused", seconds(0), minutes(1)},
    Patience{"slow_disk", seconds(5), minutes(5)},
    Patience{"disk_full", seconds(0), minutes(1)},
    Patience{"disk_filling", seconds(0), minutes(10)},
    Patience{"calls_failed", seconds(0), seconds(0)},
    Patience{"recovered", seconds(0), seconds(0)},
    Patience{"spool_damaged", seconds(0), seconds(0)},
    Patience{"damaged_calls", seconds(0), seconds(0)},
    Patience{"directory_unreadable", seconds(0), seconds(0)},
    Patience{"ledger_refused", seconds(0), seconds(0)},
    Patience{"index_rebuilding", seconds(0), seconds(0)},
    Patience{"index_incomplete", seconds(0), seconds(0)},
};
// The rest looks at what goes on at a moment. It must last, as calls that have just been answered
// look like deafness; and a pause between calls is no recovery.
constexpr Patience kOtherwise = {"", seconds(15), minutes(10)};

const Patience& patience_for(const Finding& finding) {
  const auto* row = std::find_if(kFindingPatience.begin(), kFindingPatience.end(),
                                 [&](const Patience& one) { return one.id == finding.id; });
  return row == kFindingPatience.end() ? kOtherwise : *row;
}

bool is_worse(Severity now, Severity before) {
  return now == Severity::kAlarm && before == Severity::kNotice;
}

}  // namespace

std::vector<Change> Watch::on_snapshot(const capture::TapSnapshot& now,
                                       std::vector<Finding> others) {
  std::vector<Change> changes;
  if (!kept_.empty() && now.at <= kept_.back().at) kept_.clear();  // no stretch lies between them
  while (kept_.size() > 1 && now.at - kept_[1].at >= kStretch) kept_.pop_front();
  if (!kept_.empty()) {
    for (Finding& finding : judge(kept_.front(), now, options_)) {
      note(std::move(finding), now.at, changes);
    }
  }
  for (Finding& finding : others) note(std::move(finding), now.at, changes);
  end_those_gone(now.at, changes);
  keep(now);
  return changes;
}

void Watch::keep(const capture::TapSnapshot& snapshot) {
  if (!kept_.empty() && snapshot.at - kept_.back().at < kSpacing) return;
  capture::TapSnapshot without_calls{.started = snapshot.started,
                                     .at = snapshot.at,
                                     .wall_offset = snapshot.wall_offset,
                                     .sources = snapshot.sources,
                                     .capture = snapshot.capture,
                                     .hearing = snapshot.hearing,
                                     .calls = {},
                                     .recovery = {},
                                     .spool = {},
                                     .heartbeats = {},
                                     .clock_steps = {},
                                     .imbalance = snapshot.imbalance};
  kept_.push_back(std::move(without_calls));
}

void Watch::note(Finding finding, Timestamp at, std::vector<Change>& changes) {
  auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& known) {
    return known.finding.id == finding.id && known.finding.source == finding.source;
  });
  if (entry == entries_.end()) {
    entries_.push_back({.finding = finding, .first = at, .last = at});
    entry = std::prev(entries_.end());
  }
  const bool worse = entry->begun && is_worse(finding.severity, entry->finding.severity);
  // It stays the alarm it was until it ends, and began when it began.
  if (is_worse(entry->finding.severity, finding.severity)) finding.severity = Severity::kAlarm;
  finding.since = std::min(finding.since, entry->finding.since);
  entry->finding = std::move(finding);
  entry->last = at;
  const bool begins = !entry->begun && at - entry->first >= patience_for(entry->finding).begin;
  if (!begins && !worse) return;
  entry->begun = true;
  changes.push_back({.begun = true, .finding = entry->finding, .at = at});
}

void Watch::end_those_gone(Timestamp at, std::vector<Change>& changes) {
  const auto is_gone = [&](const Entry& entry) {
    if (entry.last == at) return false;
    return !entry.begun || at - entry.last >= patience_for(entry.finding).end;
  };
  for (const Entry& entry : entries_) {
    if (entry.begun && is_gone(entry)) {
      changes.push_back({.begun = false, .finding = entry.finding, .at = at});
    }
  }
  std::erase_if(entries_, is_gone);
}

std::vector<Finding> Watch::findings() const {
  std::vector<Finding> result;
  for (const Entry& entry : entries_) {
    if (entry.begun) result.push_back(entry.finding);
  }
  return result;
}

}  // namespace koegura::tools
