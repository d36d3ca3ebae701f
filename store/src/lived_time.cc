#include "lived_time.h"

#include <algorithm>
#include <cmath>

#include "ledger_format.h"
#include "record.h"

namespace koegura::store {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double kMilliseconds = 1000;

// A live recorder has an entry each hour, so calls of an entry's clock lie around it.
constexpr Duration kBefore = hours(1);
constexpr Duration kAfter = hours(2);
// Less is how a clock that is kept right goes.
constexpr Duration kWrong = seconds(1);

// Rounded down: nothing is proved that was not lived.
Duration from_seconds(double value) {
  constexpr double kMost = 4e9;
  if (!(value > 0)) return {};
  return milliseconds(
      static_cast<std::int64_t>(std::llround(std::min(value, kMost) * kMilliseconds)));
}

}  // namespace

bool LivedTime::may_matter(std::string_view line) {
  return line.find("\"boot\"") != std::string_view::npos;
}

void LivedTime::note_behind(Timestamp shown, Duration by) {
  if (by < kWrong) return;
  const Behind range{.from = shown - kBefore, .to = shown + kAfter, .by = by};
  if (behind_.empty() || range.from > behind_.back().to || range.to < behind_.back().from) {
    behind_.push_back(range);
    return;
  }
  Behind& last = behind_.back();
  last.from = std::min(last.from, range.from);
  last.to = std::max(last.to, range.to);
  last.by = std::max(last.by, range.by);
}

void LivedTime::take_synchronised(Timestamp time) {
  // What lay between is known; while the machine was off, more did: then they expire later still.
  for (const Reading& reading : unjudged_) {
    note_behind(reading.shown, time - (lived_ - reading.lived) - reading.shown);
  }
  unjudged_.clear();
  until_ = has_synchronised_ ? std::min(*until_, time) : time;
  has_synchronised_ = true;
}

void LivedTime::observe(const BoxMoment& now) {
  if (!until_) until_ = now.time;
  if (now.boot.empty()) return;
  if (now.boot == boot_ && now.up > up_) {
    *until_ += now.up - up_;
    lived_ += now.up - up_;
  }
  boot_ = now.boot;
  up_ = now.up;
  if (now.synchronised) {
    take_synchronised(now.time);
  } else {
    unjudged_.push_back({.shown = now.time, .lived = lived_});
  }
}

void LivedTime::add(const LedgerEntry& entry) {
  const BoxMoment moment{.time = from_proto(entry.time()),
                         .synchronised = !entry.clock_unsynchronised(),
                         .boot = entry.boot(),
                         .up = from_seconds(entry.up_s())};
  observe(moment);
  if (entry.kind() == kClockConfirmedEntry) until_ = std::max(*until_, from_proto(entry.to()));
}

Timestamp LivedTime::true_start(Timestamp start) const {
  Duration most{};
  for (const Behind& behind : behind_) {
    if (start >= behind.from && start <= behind.to) most = std::max(most, behind.by);
  }
  return start + most;
}

void stamp(LedgerEntry& entry, const BoxMoment& now) {
  entry.set_boot(now.boot);
  entry.set_up_s(std::floor(to_seconds(now.up) * kMilliseconds) / kMilliseconds);
  entry.set_clock_unsynchronised(!now.synchronised);
}

void complete(LedgerEntry& entry, const BoxMoment& now, const std::string& who) {
  if (!entry.has_time()) *entry.mutable_time() = to_proto(now.time);
  stamp(entry, now);
  if (entry.who().empty()) entry.set_who(who);
}

}  // namespace koegura::store
