// What the ledger can prove of the time: nothing goes early, whatever the clock does; and nothing
// late, once time has surely come.
#include "lived_time.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <vector>

#include "ledger_format.h"
#include "record.h"
#include "retention_story.h"
#include "store/ledger.h"
#include "store/retention.h"

namespace koegura::store {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kDay = hours(24);

std::optional<Timestamp> until(LivedTime lived, const StoryClock& clock) {
  lived.observe(clock.now());
  return lived.until();
}

LedgerEntry entry_at(const StoryClock& clock, const std::string& kind = "accounting") {
  LedgerEntry entry;
  entry.set_kind(kind);
  const BoxMoment now = clock.now();
  *entry.mutable_time() = to_proto(now.time);
  stamp(entry, now);
  return entry;
}

TEST_CASE("time goes on while the machine runs, whoever looks") {
  StoryClock clock;
  LivedTime lived;
  CHECK_FALSE(lived.until());
  lived.add(entry_at(clock));
  CHECK(until(lived, clock) == clock.real);
  clock.pass(3 * kDay);  // nothing was recorded, and the machine ran
  CHECK(until(lived, clock) == clock.real);
}

TEST_CASE("the time while the machine was off is not in it, until somebody vouches for it") {
  StoryClock clock;
  LivedTime lived;
  lived.add(entry_at(clock));
  const Timestamp before = clock.real;
  clock.off(7 * kDay);
  lived.add(entry_at(clock));
  CHECK(until(lived, clock) == before);
  clock.pass(hours(5));
  CHECK(until(lived, clock) == before + hours(5));
  LedgerEntry confirmed = entry_at(clock, "clock-confirmed");
  *confirmed.mutable_to() = to_proto(clock.real);
  lived.add(confirmed);
  CHECK(until(lived, clock) == clock.real);
}

TEST_CASE("a clock that jumps proves nothing, forward or back") {
  for (const Duration jump : {Duration(hours(1)), Duration(7 * kDay), 365 * kDay, 9000 * kDay,
                              Duration(-hours(1)), -365 * kDay}) {
    StoryClock clock;
    LivedTime lived;
    lived.add(entry_at(clock));
    clock.wrong = jump;
    clock.synchronised = false;
    clock.pass(hours(1));
    lived.add(entry_at(clock, "clock-step"));
    clock.pass(hours(1));
    CHECK(until(lived, clock) == clock.real);
  }
}

TEST_CASE("the first clock that is synchronised says when the ledger began") {
  StoryClock clock;
  clock.wrong = Timestamp{} - clock.real;  // it begins in 1970
  clock.synchronised = false;
  LivedTime lived;
  lived.add(entry_at(clock));
  const Timestamp shown = clock.now().time;
  clock.pass(minutes(3));
  clock.wrong = {};
  clock.synchronised = true;
  lived.add(entry_at(clock));
  CHECK(until(lived, clock) == clock.real);
  // Calls of these minutes are as old as they are, and not as their clock said.
  CHECK(lived.true_start(shown + minutes(1)) >= clock.real - minutes(3));
  CHECK(lived.true_start(shown + kDay) == shown + kDay);
}

TEST_CASE("a synchronised clock that shows less has the last word") {
  StoryClock clock;
  clock.wrong = 8000 * kDay;  // wrong, and nobody knows
  LivedTime lived;
  lived.add(entry_at(clock));
  clock.pass(hours(1));
  clock.wrong = {};
  lived.add(entry_at(clock));
  CHECK(until(lived, clock) == clock.real);
}

TEST_CASE("calls of a clock that fell behind expire by the time that was") {
  StoryClock clock;
  LivedTime lived;
  lived.add(entry_at(clock));
  clock.pass(hours(1));
  clock.wrong = -3000 * kDay;
  clock.synchronised = false;
  lived.add(entry_at(clock, "start"));
  const Timestamp shown = clock.now().time + minutes(30);
  clock.off(hours(1));
  clock.wrong = {};
  clock.synchronised = true;
  lived.observe(clock.now());
  CHECK(lived.true_start(shown) >= shown + 3000 * kDay - seconds(1));
  CHECK(lived.true_start(clock.real) == clock.real);
}

TEST_CASE("entries that say nothing of the machine prove nothing") {
  StoryClock clock;
  LivedTime lived;
  lived.add(entry_at(clock));
  const Timestamp before = clock.real;
  LedgerEntry archived;
  archived.set_kind("archived");
  *archived.mutable_time() = to_proto(clock.real + 9000 * kDay);
  lived.add(archived);
  CHECK(until(lived, clock) == before);
  CHECK(LivedTime::may_matter(to_json(entry_at(clock))));
  CHECK_FALSE(LivedTime::may_matter(to_json(archived)));
}

}  // namespace
}  // namespace koegura::store
