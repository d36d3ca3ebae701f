// Legs that are joined by what was heard, and those that must not be.
#include <doctest/doctest.h>

#include "conversation_story.h"
#include "level_match.h"

namespace koegura::store {
namespace {

Talk talk(std::uint64_t number, double from_s, double to_s, bool transcoded = false) {
  return {Voice(100 + number), Voice(500 + number), from_s, to_s, transcoded};
}

TEST_CASE("the two legs of a call that the PBX relays are joined by their payloads") {
  Story story;
  story.add(trunk_leg("trunk", 0, 60, talk(1, 5, 60)));
  story.add(desk_leg("desk", 1, 60, talk(1, 5, 60)));
  CHECK(story.tie("trunk", "desk") == "payload");
}

TEST_CASE("five seconds of talk are enough, after half a minute of announcements") {
  const Voice announcement(7);
  Story story;
  story.add(trunk_leg("trunk", 0, 39, talk(1, 34, 39), {{announcement, 1, 34}}));
  story.add(desk_leg("desk", 30, 39, talk(1, 34, 39)));
  CHECK(story.are_one("trunk", "desk"));
}

TEST_CASE("music on hold that a hundred calls hear at once joins none of them") {
  const Voice music(7);
  Story story;
  for (int i = 0; i < 100; ++i) {
    const std::string number = std::to_string(i);
    const Talk own = talk(static_cast<std::uint64_t>(i), 5, 30);
    story.add(trunk_leg("trunk" + number, 0, 120, own, {{music, 30, 120}}, 10000 + 10 * i));
    story.add(desk_leg("desk" + number, 1, 120, own, 1 + i % 50, 20000 + 10 * i));
  }
  std::set<Ulid> conversations;
  for (int i = 0; i < 100; ++i) {
    const std::string number = std::to_string(i);
    CHECK(story.are_one("trunk" + number, "desk" + number));
    conversations.insert(story.place("trunk" + number).conversation);
  }
  CHECK(conversations.size() == 100);
}

// Border and PBX both relay the music; the callers say nothing.
TEST_CASE("music that silent callers hear through two boxes is no evidence, however few they are") {
  const Voice music(7);
  for (const int calls : {2, 3, 5, 20}) {
    CAPTURE(calls);
    Story story;
    for (int i = 0; i < calls; ++i) {
      const std::string number = std::to_string(i);
      const std::string port = std::to_string(10000 + 10 * i);
      story.add(
          LegBuilder("pbx" + number, 0.1 * i, 90)
              .stream(Side::kCallee, kPbx + ":" + port, kBorder + ":" + port, {{music, 5, 90}}));
      story.add(LegBuilder("border" + number, 0.1 * i, 90)
                    .stream(Side::kCallee, kBorder + ":" + port, "198.51.100.9:" + port,
                            {{music, 5, 90, 0.01}}));
    }
    for (int i = 0; i < calls; ++i) {
      const std::string number = std::to_string(i);
      CHECK_FALSE(story.are_one("pbx0", "border" + std::to_string(calls - 1)));
      CHECK(story.place("pbx" + number).ties.empty());
    }
    if (calls == 2) CHECK(story.doubts("pbx0") == std::set<std::string>{"border0", "border1"});
  }
}

TEST_CASE("one voice is enough where the other party is silent and nobody else has it") {
  const Talk muted{Voice(1), Voice::silence(), 5, 60};
  Story story;
  story.add(trunk_leg("trunk", 0, 60, muted));
  story.add(desk_leg("desk", 1, 60, muted));
  CHECK(story.tie("trunk", "desk") == "payload");
}

TEST_CASE("legs whose one voice is the same and whose other is not are two calls") {
  const Voice announcement(7);
  Story story;
  story.add(LegBuilder("one", 0, 60)
                .stream(Side::kCaller, kBorder + ":1000", kPbx + ":1002", {{Voice(1), 0, 60}})
                .stream(Side::kCallee, kPbx + ":1002", kBorder + ":1000", {{announcement, 0, 60}}));
  story.add(
      LegBuilder("other", 0, 60)
          .stream(Side::kCaller, kPbx + ":1004", desk(1) + ":1006", {{Voice(2), 0, 60}})
          .stream(Side::kCallee, desk(1) + ":1006", kPbx + ":1004", {{announcement, 0, 60, 0.01}}));
  CHECK_FALSE(story.are_one("one", "other"));
  CHECK(story.doubts("one").empty());
}

TEST_CASE("caller and callee may have changed places") {
  const Talk own = talk(1, 5, 60);
  Story story;
  story.add(trunk_leg("trunk", 0, 60, own));
  // A leg that the desk asked for: what it says is its caller's.
  story.add(
      LegBuilder("picked up", 1, 60)
          .stream(Side::kCaller, desk(1) + ":2000", kPbx + ":2002", {{own.clerk, 5, 60}})
          .stream(Side::kCallee, kPbx + ":2002", desk(1) + ":2000", {{own.citizen, 5, 60, 0.01}}));
  CHECK(story.tie("trunk", "picked up") == "payload");
}

TEST_CASE("what comes again later than a relay takes is another call") {
  const Talk own = talk(1, 5, 60);
  Story story;
  story.add(trunk_leg("trunk", 0, 60, own));
  story.add(
      LegBuilder("played back", 1, 70)
          .stream(Side::kCaller, kPbx + ":2000", desk(1) + ":2002", {{own.citizen, 5, 60, 1.5}})
          .stream(Side::kCallee, desk(1) + ":2002", kPbx + ":2000", {{own.clerk, 5, 60, 1.5}}));
  CHECK_FALSE(story.are_one("trunk", "played back"));
}

TEST_CASE("on one host both voices are needed, as sources tell nothing") {
  const std::string host = "127.0.0.1";
  const auto leg = [&](const std::string& name, const Voice& caller, const Voice& callee,
                       double lag, int port) {
    const std::string one = host + ":" + std::to_string(port);
    const std::string other = host + ":" + std::to_string(port + 2);
    return LegBuilder(name, 0, 60)
        .stream(Side::kCaller, one, other, {{caller, 1, 60, lag}})
        .stream(Side::kCallee, other, one, {{callee, 1, 60, lag == 0 ? 0.01 : 0}})
        .build();
  };
  Story story;
  story.add(leg("in", Voice(1), Voice(2), 0, 1000));
  story.add(leg("out", Voice(1), Voice(2), 0.01, 2000));
  story.add(leg("on hold", Voice::silence(), Voice(7), 0, 3000));
  story.add(leg("on hold, too", Voice::silence(), Voice(7), 0.01, 4000));
  CHECK(story.tie("in", "out") == "payload");
  CHECK_FALSE(story.are_one("on hold", "on hold, too"));
}

TEST_CASE("a transcoding PBX: the levels of both voices join its legs") {
  Story story;
  story.add(trunk_leg("trunk", 0, 60, talk(1, 5, 60)));
  story.add(desk_leg("desk", 1, 60, talk(1, 5, 60, true)));
  story.add(trunk_leg("another", 0, 60, talk(2, 5, 60), {}, 12000));
  story.add(desk_leg("another's desk", 1, 60, talk(2, 5, 60, true), 2, 22000));
  CHECK(story.tie("trunk", "desk") == "level");
  CHECK(story.tie("another", "another's desk") == "level");
  CHECK_FALSE(story.are_one("trunk", "another"));
}

TEST_CASE("levels say nothing of less than ten seconds, or of legs that share no moment") {
  Story brief;
  brief.add(trunk_leg("trunk", 0, 14, talk(1, 5, 14)));
  brief.add(desk_leg("desk", 1, 14, talk(1, 5, 14, true)));
  CHECK_FALSE(brief.are_one("trunk", "desk"));
  Story apart;
  apart.add(trunk_leg("trunk", 0, 60, talk(1, 5, 60)));
  apart.add(desk_leg("desk", 8, 70, talk(1, 9, 60, true)));
  CHECK_FALSE(apart.are_one("trunk", "desk"));
}

TEST_CASE("two legs that sound like a third are both left alone, and named") {
  Story story;
  story.add(trunk_leg("trunk", 0, 60, talk(1, 5, 60)));
  story.add(desk_leg("desk", 1, 60, talk(1, 5, 60, true)));
  story.add(desk_leg("other desk", 1, 60, talk(1, 5, 60, true), 1, 22000));
  CHECK_FALSE(story.are_one("trunk", "desk"));
  CHECK(story.doubts("trunk") == std::set<std::string>{"desk", "other desk"});
  CHECK(story.doubts("desk") == std::set<std::string>{"trunk"});
}

TEST_CASE("three boxes in a row, each with its own codec, are one conversation") {
  const Talk own = talk(1, 5, 60);
  Story story;
  story.add(trunk_leg("trunk", 0, 60, own));
  story.add(
      LegBuilder("middle", 0.5, 60)
          .answered(5)
          .stream(Side::kCaller, kPbx + ":2000", "192.0.2.20:2002",
                  {{own.citizen, 5, 60, 0.1, true}})
          .stream(Side::kCallee, "192.0.2.20:2002", kPbx + ":2000", {{own.clerk, 5, 60, 0, true}}));
  story.add(LegBuilder("desk", 1, 60)
                .answered(5)
                .stream(Side::kCaller, "192.0.2.20:3000", desk(1) + ":3002",
                        {{own.citizen, 5, 60, 0.2, true}})
                .stream(Side::kCallee, desk(1) + ":3002", "192.0.2.20:3000",
                        {{own.clerk, 5, 60, 0, true}}));
  CHECK(story.are_one("trunk", "middle"));
  CHECK(story.are_one("trunk", "desk"));
}

TEST_CASE("one announcement in another codec to two silent callers joins nothing") {
  const Voice announcement(7);
  Story story;
  for (const char* number : {"1", "2"}) {
    const std::string port = std::string("100") + number + "0";
    story.add(LegBuilder(std::string("pbx") + number, 0, 60)
                  .stream(Side::kCallee, kPbx + ":" + port, kBorder + ":" + port,
                          {{announcement, 1, 60}}));
    story.add(LegBuilder(std::string("border") + number, 0, 60)
                  .stream(Side::kCallee, kBorder + ":" + port, "198.51.100.9:" + port,
                          {{announcement, 1, 60, 0, true}}));
  }
  for (const char* leg : {"pbx1", "pbx2", "border1", "border2"})
    CHECK(story.place(leg).ties.empty());
}

TEST_CASE("a warning read to a hundred lines at once joins none of them, and hides no other call") {
  const Voice warning(7);
  Story story;
  for (int i = 0; i < 100; ++i) {
    const std::string port = std::to_string(1000 + 10 * i);
    const std::string number = std::to_string(i);
    story.add(
        LegBuilder("pbx" + number, 0.01 * i, 60)
            .stream(Side::kCallee, kPbx + ":" + port, kBorder + ":" + port, {{warning, 2, 60}}));
    story.add(LegBuilder("border" + number, 0.01 * i, 60)
                  .stream(Side::kCallee, kBorder + ":" + port, "198.51.100.9:" + port,
                          {{warning, 2, 60, 0, true}}));
  }
  story.add(trunk_leg("trunk", 0, 60, talk(1, 5, 60)));
  story.add(desk_leg("desk", 1, 60, talk(1, 5, 60, true)));
  CHECK(story.tie("trunk", "desk") == "level");
  for (int i = 0; i < 100; ++i) {
    CHECK(story.place("pbx" + std::to_string(i)).ties.empty());
    CHECK(story.place("border" + std::to_string(i)).ties.empty());
  }
  CHECK(story.conversations().bytes() < 10'000'000);
}

TEST_CASE("levels lie on the clock: a leg that began later is compared at the same moments") {
  const LegEvidence trunk = trunk_leg("trunk", 0, 60, talk(1, 5, 60));
  const auto same =
      match_levels(trunk, desk_leg("desk", 17.3, 60, talk(1, 17.3, 60, true)).build());
  REQUIRE(same);
  CHECK(same->likeness > 0.9);
  CHECK(same->both_ways);
  CHECK_FALSE(match_levels(trunk, desk_leg("other", 1, 60, talk(2, 5, 60, true)).build()));
}

}  // namespace
}  // namespace koegura::store
