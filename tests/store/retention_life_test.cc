// An archive over decades of a life that goes wrong: clocks that jump, with and without being
// synchronised, machines that are off, holds placed and lifted, rules and tags that change. What
// may and must happen is said by a model that knows the true time.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "record.h"
#include "retention_story.h"
#include "store/retention.h"

namespace koegura::store {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

// Nobody's, the citizens', as people write them for a hold.
const std::array<std::string, 3> kNumbers = {"0312345678", "09012345678", "0451235684"};
const std::array<std::string, 3> kWritten = {"+81 3-1234-5678", "０９０１２＊", "*5684"};

struct Kept {
  Timestamp began;  // in truth; by a synchronised clock that was behind, as that showed
  Timestamp shown;  // by the clock of then
  std::size_t number = 0;
  bool is_missed = false;
  bool is_tagged = false;
  bool may_be_late = false;  // it has a date that is too young, as the clock was believed
};

// What is held for a case.
struct HeldFor {
  std::set<std::string> calls{};
  std::set<std::size_t> numbers{};
  bool is_tag = false;
  bool is_missed = false;
  [[nodiscard]] bool has(const std::string& id, const Kept& call) const {
    return calls.contains(id) || numbers.contains(call.number) || (is_tag && call.is_tagged) ||
           (is_missed && call.is_missed);
  }
};

// Tags before states, and both before all others; from the call and from the fiscal year.
RetentionRules rules_of(int which) {
  const KeepPeriod two_months{.keep = {.years = 0, .months = 2}};
  const KeepPeriod half_a_year{.keep = {.years = 0, .days = 180}};
  const KeepPeriod fiscal{.keep = {.years = 0, .days = 20}, .count_from = CountFrom::kFiscalYear};
  const KeepPeriod short_one{.keep = {.years = 0, .days = 10}};
  const auto rules = [](KeepPeriod tagged, KeepPeriod missed, KeepPeriod otherwise) {
    return RetentionRules{.rules = {{.name = "tagged", .tag = "苦情", .period = tagged},
                                    {.name = "missed", .state = "missed", .period = missed}},
                          .otherwise = otherwise};
  };
  if (which == 0) return rules(half_a_year, short_one, two_months);
  if (which == 1) return rules(fiscal, two_months, half_a_year);
  return rules(short_one, fiscal, two_months);
}

class Life {
 public:
  explicit Life(unsigned seed) : random_(seed) {
    story_.options.sync = false;
    change_rules();
    note("start");
  }

  void step() {
    switch (below(16)) {
      case 0:
        story_.clock.off(hours(1 + below(24 * 40)));
        lag_known_ = false;
        note("start");
        break;
      case 1:
        jump();
        break;
      case 2:
        jump_synchronised();
        break;
      case 3:
      case 4:
        place_hold();
        break;
      case 5:
        lift_hold();
        break;
      case 6:
      case 7:
        confirm();
        break;
      case 8:
        change_rules();
        break;
      case 9:
        tag();
        break;
      case 10:
      case 11:
      case 12:
        record();
        break;
      default:
        story_.clock.pass(hours(1 + below(24 * 20)));
        note("accounting");
    }
    erase();
  }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  [[nodiscard]] bool is_right() const {
    return story_.clock.synchronised && story_.clock.wrong == Duration{};
  }
  Duration any_jump() {
    const int sign = below(2) == 0 ? 1 : -1;
    constexpr std::array<int, 5> kHours = {1, 30, 24 * 40, 24 * 365, 24 * 365 * 20};
    return sign * hours(kHours.at(static_cast<std::size_t>(below(5))));
  }

  // As a recorder: on disk before anything else happens.
  void note(const std::string& kind) {
    LedgerEntry entry;
    entry.set_kind(kind);
    story_.archive->note(entry);
    if (!story_.clock.synchronised) unsure_.push_back(story_.clock.now().time);
    story_.open_archive();
  }

  void change_rules() {
    rules_ = rules_of(below(3));
    story_.options.retention = rules_;
    story_.open_archive();
  }

  void jump() {
    story_.clock.wrong = any_jump();
    story_.clock.synchronised = false;
    note("clock-step");
    record();
    if (below(3) == 0) return;
    story_.clock.pass(hours(1 + below(72)));
    story_.clock.wrong = {};
    story_.clock.synchronised = true;
    note("clock-step");
  }

  // A wrong server of time: what it says is believed for as long as it says so.
  void jump_synchronised() {
    if (!is_right()) return;
    story_.clock.wrong = any_jump();
    // One that shows less has the last word, and is late by it until somebody confirms the time.
    if (story_.clock.wrong < Duration{}) lag_known_ = false;
    note("clock-step");
    record();
    erase();
    story_.clock.pass(hours(1 + below(72)));
    erase();
    story_.clock.wrong = {};
    note("clock-step");
  }

  void record() {
    const Timestamp shown = story_.clock.now().time;
    const auto number = static_cast<std::size_t>(below(static_cast<int>(kNumbers.size())));
    const bool is_missed = below(3) == 0;
    CallBuilder call("c" + std::to_string(++calls_));
    call.starting(shown).from(kNumbers.at(number));
    if (is_missed) call.unanswered(capture::CallState::kMissed, 487);
    const bool is_believed = story_.clock.synchronised;
    kept_[story_.put(call)] = {
        .began = is_believed ? std::min(story_.clock.real, shown) : story_.clock.real,
        .shown = shown,
        .number = number,
        .is_missed = is_missed,
        .may_be_late = is_believed && shown > story_.clock.real};
  }

  // Any call there is, if there is one.
  std::map<std::string, Kept>::iterator any_call() {
    if (kept_.empty()) return kept_.end();
    return std::next(kept_.begin(), below(static_cast<int>(kept_.size())));
  }

  void tag() {
    const auto call = any_call();
    if (call == kept_.end()) return;
    ArchiveChange change;
    change.mutable_note()->set_call(call->first);
    change.mutable_note()->set_text("#苦情");
    REQUIRE(story_.archive->change(change, "yamada"));
    call->second.is_tagged = true;
  }

  void place_hold() {
    const std::string name = "case " + std::to_string(below(4));
    const auto number = static_cast<std::size_t>(below(static_cast<int>(kNumbers.size())));
    const auto call = any_call();
    switch (below(6)) {
      case 0:
        REQUIRE(story_.hold(name, {}, {.number = kWritten.at(number)}));
        cases_[name].numbers.insert(number);
        return;
      case 1:
        REQUIRE(story_.hold(name, {}, {.tag = "苦情"}));
        cases_[name].is_tag = true;
        return;
      case 2:
        REQUIRE(story_.hold(name, {}, {.state = "missed"}));
        cases_[name].is_missed = true;
        return;
      default:
        if (call == kept_.end()) return;
        REQUIRE(story_.hold(name, {call->first}));
        cases_[name].calls.insert(call->first);
    }
  }

  void lift_hold() {
    for (int i = 0; i < 2; ++i) {
      const std::string name = "case " + std::to_string(below(4));
      CHECK(story_.lift(name).has_value() == cases_.contains(name));
      cases_.erase(name);
    }
  }

  // Somebody who knows that the clock is right says so.
  void confirm() {
    if (!is_right()) return;
    ArchiveChange change;
    change.mutable_confirm_clock()->set_reason("checked");
    REQUIRE(story_.archive->change(change, "manager"));
    lag_known_ = true;
  }

  [[nodiscard]] Timestamp expires(const Kept& call) const {
    if (call.is_tagged) return expiry(call.began, rules_.rules[0].period);
    if (call.is_missed) return expiry(call.began, rules_.rules[1].period);
    return expiry(call.began, rules_.otherwise);
  }
  [[nodiscard]] bool is_held(const std::string& id, const Kept& call) const {
    return std::any_of(cases_.begin(), cases_.end(),
                       [&](const auto& held) { return held.second.has(id, call); });
  }

  void erase() {
    const Erased erased = story_.erase_due();
    CHECK(erased.problems_size() == 0);
    const std::set<std::string> there = story_.ids();
    for (auto call = kept_.begin(); call != kept_.end();) {
      const std::string& id = call->first;
      const Kept& kept = call->second;
      CAPTURE(id);
      if (!there.contains(id)) {
        CHECK_FALSE(is_held(id, kept));             // nothing that is held goes,
        CHECK(expires(kept) <= story_.clock.real);  // nothing early,
        CHECK(story_.clock.synchronised);
        gone[kept.is_tagged ? 0 : kept.is_missed ? 1 : 2] += 1;
        call = kept_.erase(call);
        continue;
      }
      // and nothing late: a clock that is right, and no time that is not proved.
      const bool must_go = is_right() && lag_known_ && !is_held(id, kept) && !kept.may_be_late &&
                           !is_unsure(kept) && expires(kept) + seconds(1) < story_.clock.real;
      CHECK_FALSE(must_go);
      held += is_held(id, kept) && expires(kept) < story_.clock.real ? 1 : 0;
      ++call;
    }
  }

  // Begun at a time that a wrong clock showed, too: such a call may go later.
  [[nodiscard]] bool is_unsure(const Kept& call) const {
    return std::any_of(unsure_.begin(), unsure_.end(), [&](Timestamp wrong) {
      return call.shown >= wrong - hours(1) && call.shown <= wrong + hours(2);
    });
  }

  std::mt19937 random_;
  RetentionStory story_;
  RetentionRules rules_;
  std::map<std::string, Kept> kept_;
  std::map<std::string, HeldFor> cases_;
  int calls_ = 0;
  std::vector<Timestamp> unsure_;
  bool lag_known_ = true;  // nothing lies between the ledger's time and the true one

 public:
  std::array<int, 3> gone{};  // by each rule
  int held = 0;               // how often something stayed for a hold alone
};

TEST_CASE("whatever clocks, machines, holds, tags and rules do: nothing early, nothing late") {
  std::array<int, 3> gone{};
  int held = 0;
  for (unsigned seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    Life life(seed);
    for (int step = 0; step < 80; ++step) life.step();
    for (std::size_t i = 0; i < gone.size(); ++i) gone.at(i) += life.gone.at(i);
    held += life.held;
  }
  for (const int count : gone) CHECK(count > 10);
  CHECK(held > 100);
}

}  // namespace
}  // namespace koegura::store
