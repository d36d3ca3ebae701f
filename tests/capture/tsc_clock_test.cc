#include "tsc_clock.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "dpdk/growing_counter.h"

namespace koegura::capture {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kSaidHz = 2'600'000'000;

// A counter and a wall clock, and the TscClock between them, asked every millisecond as a receive
// thread would.
class Box {
 public:
  explicit Box(double ticks_a_ns) : ticks_a_ns_(ticks_a_ns) {}

  // Runs on. Remembers how far the clock was off at worst, and its biggest step back.
  void run(Duration time) {
    worst_ = step_back_ = Duration(0);
    for (Duration gone{0}; gone < time; gone += milliseconds(1)) {
      real_ += milliseconds(1);
      wall_ += milliseconds(1) + milliseconds(1) / 1'000'000 * wall_ppm_;
      if (clock_.is_due(tsc())) clock_.measure({tsc(), wall_});
      const Timestamp told = clock_.at(tsc());
      step_back_ = std::max(step_back_, last_ - told);
      worst_ = std::max(worst_, std::chrono::abs(told - wall_));
      last_ = told;
    }
  }
  void set_wall(Duration by) { wall_ += by; }
  void slew_wall(int ppm) { wall_ppm_ = ppm; }

  [[nodiscard]] Duration off() const { return std::chrono::abs(clock_.at(tsc()) - wall_); }
  [[nodiscard]] Duration worst() const { return worst_; }
  [[nodiscard]] Duration step_back() const { return step_back_; }

 private:
  [[nodiscard]] std::uint64_t tsc() const {
    return 5'000'000'000 + static_cast<std::uint64_t>(real_.count() * ticks_a_ns_);
  }

  double ticks_a_ns_;
  int wall_ppm_ = 0;
  Duration real_{0};
  Timestamp wall_ = from_unix_ns(1'800'000'000'000'000'000);
  TscClock clock_{kSaidHz, {tsc(), wall_}};
  Timestamp last_ = wall_;
  Duration worst_{0};
  Duration step_back_{0};
};

TEST_CASE("a counter that ticks as it says tells the time") {
  Box box(2.6);
  box.run(seconds(100));
  CHECK(box.worst() < microseconds(1));
  CHECK(box.step_back() == Duration(0));
}

TEST_CASE("a counter that ticks 0.3 % off what it says is found out within a second") {
  for (const double ticks_a_ns : {2.6 * 1.003, 2.6 * 0.997}) {
    Box box(ticks_a_ns);
    box.run(seconds(2));
    CHECK(box.worst() < microseconds(100));
    box.run(seconds(100));
    CHECK(box.worst() < microseconds(2));
    CHECK(box.step_back() == Duration(0));
  }
}

TEST_CASE("a wall clock that NTP slews is followed") {
  Box box(2.6);
  box.run(seconds(5));
  box.slew_wall(500);
  box.run(seconds(100));
  CHECK(box.worst() < milliseconds(1));
  box.slew_wall(-500);
  box.run(seconds(100));
  CHECK(box.worst() < milliseconds(2));
  CHECK(box.step_back() == Duration(0));
}

TEST_CASE("a wall clock that is a little off is caught up with smoothly, forwards and backwards") {
  for (const Duration step : {milliseconds(3), milliseconds(-3), milliseconds(-18)}) {
    Box box(2.6 * 1.0001);
    box.run(seconds(5));
    box.set_wall(step);
    box.run(seconds(10));
    CHECK(box.step_back() == Duration(0));
    CHECK(box.worst() <= std::chrono::abs(step) + milliseconds(1));
    box.run(seconds(200));
    CHECK(box.step_back() == Duration(0));
    CHECK(box.off() < microseconds(2));
  }
}

TEST_CASE("a wall clock that was set is followed within a second, without slewing") {
  for (const Duration step : {Duration(hours(9)), Duration(hours(-9)), Duration(milliseconds(60)),
                              Duration(milliseconds(-60)), Duration(milliseconds(900))}) {
    Box box(2.6);
    box.run(seconds(5));
    box.set_wall(step);
    box.run(seconds(2));
    CHECK(box.off() < microseconds(2));
    box.run(seconds(100));
    CHECK(box.worst() < microseconds(2));
    CHECK(box.step_back() == Duration(0));
  }
}

TEST_CASE("time does not run away while nobody measures") {
  const Timestamp start = from_unix_ns(1'800'000'000'000'000'000);
  TscClock clock(kSaidHz, {0, start});
  clock.measure({kSaidHz, start + seconds(1) + milliseconds(15)});  // to make up for
  const Timestamp later = clock.at(kSaidHz * 1001);
  CHECK(later > start + seconds(1001));
  CHECK(later < start + seconds(1001) + milliseconds(1));
}

TEST_CASE("a counter read on a core that is a little behind gives no earlier time") {
  const Timestamp start = from_unix_ns(1'800'000'000'000'000'000);
  const TscClock clock(kSaidHz, {1000, start});
  CHECK(clock.at(990) == start);
  CHECK_FALSE(clock.is_due(990));
}

TEST_CASE("a card's counter starts at 0 for us, and survives a reset and a wrap") {
  GrowingCounter counter(100);
  CHECK(counter.update(100) == 0);
  CHECK(counter.update(130) == 30);
  CHECK(counter.update(7) == 37);
  CHECK(counter.update(7) == 37);
  CHECK(counter.update(10) == 40);
}

}  // namespace
}  // namespace koegura::capture
