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

// ---- an archive over decades of a life that goes wrong ----------------------------------------

struct Kept {
  Timestamp began;  // in truth
  std::string case_name{};
};

// What may and must happen, by a model that knows the true time.
class Life {
 public:
  explicit Life(unsigned seed) : random_(seed), story_({.rules = {}, .otherwise = kPeriod}) {
    story_.options.sync = false;
    story_.open_archive();
    note("start");
  }

  void step() {
    switch (below(10)) {
      case 0:
        story_.clock.off(hours(1 + below(24 * 40)));
        lag_known_ = false;
        note("start");
        break;
      case 1:
        jump();
        break;
      case 2:
      case 3:
        change_hold();
        break;
      case 4:
        confirm();
        break;
      case 5:
      case 6:
        record();
        break;
      default:
        story_.clock.pass(hours(1 + below(24 * 20)));
        note("accounting");
    }
    erase();
  }

 private:
  static constexpr KeepPeriod kPeriod{.keep = {.days = 60}};

  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

  // As a recorder: on disk before anything else happens.
  void note(const std::string& kind) {
    LedgerEntry entry;
    entry.set_kind(kind);
    story_.archive->note(entry);
    if (!story_.clock.synchronised) unsure_.push_back(story_.clock.now().time);
    story_.open_archive();
  }

  void jump() {
    const int sign = below(2) == 0 ? 1 : -1;
    constexpr std::array<int, 5> kHours = {1, 30, 24 * 40, 24 * 365, 24 * 365 * 20};
    story_.clock.wrong = sign * hours(kHours.at(static_cast<std::size_t>(below(5))));
    story_.clock.synchronised = false;
    note("clock-step");
    record();
    if (below(3) == 0) return;
    story_.clock.pass(hours(1 + below(72)));
    story_.clock.wrong = {};
    story_.clock.synchronised = true;
    note("clock-step");
  }

  void record() {
    const Timestamp shown = story_.clock.now().time;
    const std::string id = story_.put("c" + std::to_string(++calls_), shown);
    kept_[id] = {.began = story_.clock.real, .case_name = {}};
  }

  void change_hold() {
    const std::string name = "case " + std::to_string(below(3));
    if (below(2) == 0) {
      if (!story_.lift(name)) return;
      for (auto& [id, call] : kept_) {
        if (call.case_name == name) call.case_name.clear();
      }
      return;
    }
    std::vector<std::string> free;
    for (const auto& [id, call] : kept_) {
      if (call.case_name.empty()) free.push_back(id);
    }
    if (free.empty()) return;
    const std::string id = free[static_cast<std::size_t>(below(static_cast<int>(free.size())))];
    REQUIRE(story_.hold(name, {id}));
    kept_[id].case_name = name;
  }

  // Somebody who knows that the clock is right says so.
  void confirm() {
    if (story_.clock.wrong != Duration{} || !story_.clock.synchronised) return;
    ArchiveChange change;
    change.mutable_confirm_clock()->set_reason("checked");
    REQUIRE(story_.archive->change(change, "manager"));
    lag_known_ = true;
  }

  void erase() {
    const Erased erased = story_.erase_due();
    CHECK(erased.problems_size() == 0);
    const bool is_right = story_.clock.synchronised && story_.clock.wrong == Duration{};
    const std::set<std::string> there = story_.ids();
    for (auto call = kept_.begin(); call != kept_.end();) {
      const Timestamp expires = expiry(call->second.began, kPeriod);
      const bool is_held = !call->second.case_name.empty();
      const bool is_there = there.contains(call->first);
      CAPTURE(call->first);
      if (!is_there) {
        CHECK_FALSE(is_held);                 // nothing that is held goes,
        CHECK(expires <= story_.clock.real);  // nothing early,
        CHECK(is_right);
        call = kept_.erase(call);
        ++gone;
        continue;
      }
      // and nothing late: a clock that is right, and no time that is not proved.
      const bool must_go = is_right && lag_known_ && !is_held && !is_unsure(call->first) &&
                           expires + seconds(1) < story_.clock.real;
      CHECK_FALSE(must_go);
      ++call;
    }
  }

  // Begun at a time that a wrong clock showed, too: such a call may go later.
  bool is_unsure(const std::string& id) {
    const Timestamp start = from_proto(story_.archive->find(id)->start());
    return std::any_of(unsure_.begin(), unsure_.end(), [&](Timestamp shown) {
      return start >= shown - hours(1) && start <= shown + hours(2);
    });
  }

  std::mt19937 random_;
  RetentionStory story_;
  std::map<std::string, Kept> kept_;
  int calls_ = 0;
  std::vector<Timestamp> unsure_;
  bool lag_known_ = true;  // nothing lies between the ledger's time and the true one

 public:
  int gone = 0;
};

TEST_CASE(
    "holds placed and lifted, clocks that jump and machines that are off: nothing early, nothing "
    "late") {
  int gone = 0;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    CAPTURE(seed);
    Life life(seed);
    for (int step = 0; step < 50; ++step) life.step();
    gone += life.gone;
  }
  CHECK(gone > 20);
}

}  // namespace
}  // namespace koegura::store
