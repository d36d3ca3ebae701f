#include "steady_stamps.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <optional>

#include "tsc_clock.h"

namespace koegura::capture {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Timestamp kStart = from_unix_ns(1'790'000'000'000'000'000);

// A machine whose wall clock is set now and then, a ring that the kernel fills with frames stamped
// on it, and the receive thread that empties the ring. Knows what each frame's time should become.
class Machine {
 public:
  // Runs on, looking every 5 ms.
  void run(Duration time) {
    for (const Duration end = real_ + time; real_ < end;) {
      go_on(milliseconds(5));
      read();
    }
  }
  // The thread does not come round, while frames go on to arrive.
  void block(Duration time) { go_on(time); }
  void read() {
    std::vector<Frame> frames;
    std::vector<Timestamp> right;
    for (; !ring_.empty(); ring_.pop_front()) {
      frames.push_back({.time = ring_.front().stamp, .bytes = {}});
      right.push_back(ring_.front().right);
    }
    stamps_.look({wall(), real_});
    stamps_.steady(frames);
    for (std::size_t i = 0; i < frames.size(); ++i) {
      ++frames_;
      worst_ = std::max(worst_, std::chrono::abs(frames[i].time - right[i]));
      disorder_ = std::max(disorder_, newest_ - frames[i].time);
      newest_ = std::max(newest_, frames[i].time);
    }
  }
  void set_wall(Duration by) { offset_ += by; }
  void slew(int ppm) { ppm_ = ppm; }
  void send_every(std::optional<Duration> interval) { interval_ = interval; }

  [[nodiscard]] const SteadyStamps& stamps() const { return stamps_; }
  [[nodiscard]] Timestamp wall() const { return kStart + real_ + slewed_ + offset_; }
  [[nodiscard]] std::size_t frames() const { return frames_; }
  [[nodiscard]] Duration worst() const { return worst_; }  // error of a frame's time
  [[nodiscard]] Duration disorder() const { return disorder_; }

 private:
  struct Arrived {
    Timestamp stamp;
    Timestamp right;
  };

  void go_on(Duration time) {
    for (const Duration end = real_ + time; real_ < end;) {
      real_ += milliseconds(1);
      slewed_ += milliseconds(1) / 1'000'000 * ppm_;
      if (interval_ && real_ >= next_) {
        ring_.push_back({wall(), kStart + real_ + slewed_});
        next_ = real_ + *interval_;
      }
    }
  }

  Duration real_{0};
  Duration slewed_{0};
  Duration offset_{0};
  int ppm_ = 0;
  std::optional<Duration> interval_ = milliseconds(3);
  Duration next_{0};
  std::deque<Arrived> ring_;
  SteadyStamps stamps_{{kStart, Duration(0)}};
  std::size_t frames_ = 0;
  Timestamp newest_;
  Duration worst_{0};
  Duration disorder_{0};
};

const Duration kSteps[] = {hours(1),          -hours(1),         hours(24),
                           -hours(24),        hours(9),          seconds(1),
                           -seconds(1),       milliseconds(400), -milliseconds(400),
                           milliseconds(-60), milliseconds(60)};

TEST_CASE("a step of the wall clock moves no frame, and is known") {
  for (const Duration step : kSteps) {
    CAPTURE(step.count());
    Machine machine;
    machine.run(seconds(20));
    CHECK(machine.stamps().wall_offset() == Duration(0));
    machine.set_wall(step);
    machine.run(seconds(30));
    CHECK(machine.worst() == Duration(0));
    CHECK(machine.frames() > 10'000);
    CHECK(machine.stamps().wall_offset() == step);
    REQUIRE(machine.stamps().steps().size() == 1);
    CHECK(machine.stamps().steps()[0].by == step);
    CHECK(machine.stamps().steps()[0].at == kStart + seconds(20) + milliseconds(5));
    CHECK(machine.stamps().wall_offset_at(kStart + seconds(19)) == Duration(0));
    CHECK(machine.stamps().wall_offset_at(kStart + seconds(21)) == step);
    CHECK(machine.stamps().steady(machine.wall()) == machine.stamps().now());
  }
}

TEST_CASE("a clock that is set twice within five seconds, there and back, moves no frame") {
  for (const Duration step : kSteps) {
    CAPTURE(step.count());
    Machine machine;
    machine.run(seconds(20));
    machine.set_wall(step);
    machine.run(seconds(5));
    machine.set_wall(-step);
    machine.run(seconds(20));
    machine.set_wall(step / 2);
    machine.run(milliseconds(5));
    machine.set_wall(step);
    machine.run(seconds(20));
    CHECK(machine.worst() == Duration(0));
    CHECK(machine.stamps().wall_offset() == step / 2 + step);
    CHECK(machine.stamps().steps().size() == 4);
  }
}

TEST_CASE("a clock that is slewed is followed and was not set") {
  Machine machine;
  machine.slew(500);
  machine.run(minutes(5));
  machine.slew(-500);
  machine.block(seconds(8));
  machine.read();
  machine.run(minutes(5));
  CHECK(machine.worst() == Duration(0));
  CHECK(machine.stamps().steps().empty());
  CHECK(machine.stamps().wall_offset() == Duration(0));
}

TEST_CASE("a wall clock that runs off alone is followed, too") {
  SteadyStamps stamps({kStart, Duration(0)});
  for (int i = 1; i <= 100; ++i) {
    stamps.look({kStart + i * (seconds(6) + milliseconds(3)), i * seconds(6)});
  }
  CHECK(stamps.wall_offset() == Duration(0));
  CHECK(stamps.now() == kStart + seconds(600) + milliseconds(300));
}

TEST_CASE("frames that waited in the ring while the clock was set keep their times") {
  for (const Duration step : kSteps) {
    CAPTURE(step.count());
    Machine machine;
    machine.run(seconds(20));
    machine.block(seconds(3));
    machine.set_wall(step);
    machine.block(seconds(4));
    machine.read();
    machine.run(seconds(20));
    CHECK(machine.worst() == Duration(0));
    CHECK(machine.stamps().wall_offset() == step);
  }
}

TEST_CASE("a clock that was set in silence does not move the frames that end the silence") {
  for (const Duration step : kSteps) {
    CAPTURE(step.count());
    Machine machine;
    machine.run(seconds(5));
    machine.send_every({});
    machine.run(minutes(1));
    machine.set_wall(step);
    machine.run(seconds(2));
    machine.send_every(milliseconds(700));
    machine.run(seconds(30));
    CHECK(machine.worst() == Duration(0));
  }
}

TEST_CASE("a clock that is set a thousand times is followed, and the last hundred steps are kept") {
  Machine machine;
  for (int i = 0; i < 1000; ++i) {
    machine.run(milliseconds(50));
    machine.set_wall(i % 3 == 0 ? -minutes(40) : minutes(20) + seconds(i));
  }
  machine.run(milliseconds(50));
  CHECK(machine.worst() == Duration(0));
  CHECK(machine.stamps().steps().size() == SteadyStamps::kMostSteps);
  CHECK(machine.stamps().wall_offset() == machine.wall() - machine.stamps().now());
}

TEST_CASE("frames of two interfaces, a block's time out of order, keep their times over a step") {
  for (const Duration step : {Duration(hours(1)), Duration(-hours(1)), Duration(-milliseconds(500)),
                              Duration(milliseconds(500))}) {
    SteadyStamps stamps({kStart, Duration(0)});
    Duration real{0};
    for (int i = 1; i < 4000; ++i) {
      real += milliseconds(5);
      const auto stamp = [&](Duration at) {
        return kStart + at + (at > seconds(10) ? step : Duration(0));
      };
      stamps.look({stamp(real), real});
      for (const Duration delay : {milliseconds(1), milliseconds(10)}) {
        Frame frame{.time = stamp(real - delay), .bytes = {}};
        stamps.steady({&frame, 1});
        REQUIRE(frame.time == kStart + real - delay);
      }
    }
  }
}

// The card's clock follows a step up to a second later than the wall clock's.
TEST_CASE("stamps of a TscClock are steady over steps of any length") {
  for (const Duration step : kSteps) {
    CAPTURE(step.count());
    constexpr std::uint64_t kHz = 2'000'000'000;
    TscClock clock(kHz, {0, kStart});
    SteadyStamps stamps({kStart, Duration(0)});
    Duration worst{0};
    for (int ms = 1; ms < 40'000; ++ms) {
      const Duration real = milliseconds(ms);
      const Timestamp wall = kStart + real + (ms > 12'345 ? step : Duration(0));
      const auto tsc = static_cast<std::uint64_t>(real.count()) * 2;
      if (clock.is_due(tsc)) clock.measure({tsc, wall});
      Frame frame{.time = clock.at(tsc), .bytes = {}};
      stamps.look({wall, real});
      stamps.steady({&frame, 1});
      worst = std::max(worst, std::chrono::abs(frame.time - (kStart + real)));
      worst = std::max(worst, std::chrono::abs(stamps.steady(clock.at(tsc)) - (kStart + real)));
    }
    CHECK(worst < microseconds(1));
  }
}

TEST_CASE("the machine's own clocks are read together, and are not set while we look") {
  SteadyStamps stamps(sample_clocks());
  for (int i = 0; i < 1000; ++i) {
    const ClockSample before = sample_clocks();
    const ClockSample after = sample_clocks();
    CHECK(after.monotonic >= before.monotonic);
    stamps.look(after);
  }
  CHECK(stamps.steps().empty());
  CHECK(std::chrono::abs(stamps.now() - Timestamp(std::chrono::system_clock::now())) < seconds(1));
}

}  // namespace
}  // namespace koegura::capture
