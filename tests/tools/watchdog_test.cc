#include "watchdog.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace koegura::tools {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Pulses of a recorder with two lanes, each heard of a moment ago.
std::vector<Pulse> pulses() {
  return pulses_of({{.thread = "rx0", .age = seconds(0)},
                    {.thread = "rx1", .age = seconds(1)},
                    {.thread = "sip", .age = seconds(0)}},
                   {}, minutes(10), seconds(1));
}

Pulse& pulse_of(std::vector<Pulse>& pulses, const std::string& thread) {
  const auto found = std::find_if(pulses.begin(), pulses.end(),
                                  [&](const Pulse& pulse) { return pulse.thread == thread; });
  REQUIRE(found != pulses.end());
  return *found;
}

TEST_CASE("every thread that must not get stuck has a pulse") {
  std::vector<std::string> threads;
  for (const Pulse& pulse : pulses()) threads.push_back(pulse.thread);
  CHECK(threads == std::vector<std::string>{"rx0", "rx1", "sip", "finish", "api"});
}

TEST_CASE("a watchdog is content while everything beats") {
  Watchdog watchdog;
  CHECK(watchdog.look(pulses()).empty());
  CHECK(watchdog.is_all_well());
}

TEST_CASE("each thread that is silent too long is told once, by name, and once when it goes on") {
  for (const char* thread : {"rx0", "rx1", "sip", "finish", "api"}) {
    CAPTURE(thread);
    Watchdog watchdog;
    std::vector<Pulse> stuck = pulses();
    Pulse& silent = pulse_of(stuck, thread);
    silent.age = silent.limit;
    CHECK(watchdog.look(stuck).empty());
    CHECK(watchdog.is_all_well());
    silent.age = silent.limit + seconds(1);
    const auto changes = watchdog.look(stuck);
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].stuck);
    CHECK(changes[0].pulse.thread == thread);
    CHECK(watchdog.look(stuck).empty());
    CHECK_FALSE(watchdog.is_all_well());
    const auto back = watchdog.look(pulses());
    REQUIRE(back.size() == 1);
    CHECK_FALSE(back[0].stuck);
    CHECK(watchdog.is_all_well());
  }
}

TEST_CASE("with two threads stuck, one that goes on is not enough") {
  Watchdog watchdog;
  std::vector<Pulse> stuck = pulses();
  pulse_of(stuck, "rx1").age = minutes(1);
  pulse_of(stuck, "sip").age = minutes(1);
  CHECK(watchdog.look(stuck).size() == 2);
  pulse_of(stuck, "sip").age = seconds(0);
  CHECK(watchdog.look(stuck).size() == 1);
  CHECK_FALSE(watchdog.is_all_well());
}

TEST_CASE("a long call in work is no stuck thread before its limit") {
  store::FinisherStats finisher;
  finisher.busiest = minutes(9);
  Watchdog watchdog;
  CHECK(watchdog.look(pulses_of({}, finisher, minutes(10), {})).empty());
  finisher.busiest = minutes(11);
  CHECK(watchdog.look(pulses_of({}, finisher, minutes(10), {})).size() == 1);
}

}  // namespace
}  // namespace koegura::tools
