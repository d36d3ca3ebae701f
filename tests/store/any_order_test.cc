// Whatever order the legs of a set come in, and whatever was read back in between, the
// conversations are the same. And what bounds them.
#include <doctest/doctest.h>

#include <algorithm>
#include <ctime>
#include <random>

#include "conversation_story.h"

namespace koegura::store {
namespace {

// Legs of a small world, where much is shared and little is clear.
class RandomLegs {
 public:
  struct World {
    unsigned starts = 200;  // moments 0.3 s apart
    unsigned voices = 7;    // one of them silent
  };
  explicit RandomLegs(unsigned seed) : RandomLegs(seed, World()) {}
  RandomLegs(unsigned seed, const World& world) : random_(seed), world_(world) {}

  std::vector<LegEvidence> make(unsigned count) {
    std::vector<LegEvidence> legs;
    for (unsigned i = 0; i < count; ++i) legs.push_back(leg("leg" + std::to_string(i), count));
    return legs;
  }
  void shuffle(std::vector<LegEvidence>& legs) { std::shuffle(legs.begin(), legs.end(), random_); }
  std::size_t below(unsigned limit) {
    return std::uniform_int_distribution(0U, limit - 1)(random_);
  }

 private:
  LegEvidence leg(const std::string& name, unsigned count) {
    const double start = 0.3 * static_cast<double>(below(world_.starts));
    const double end = start + 12 + static_cast<double>(below(60));
    const double answered = start + static_cast<double>(below(5));
    LegBuilder leg(name, start, end);
    leg.from("090" + std::to_string(below(3)), address()).to("230" + std::to_string(below(3)));
    if (below(4) != 0) leg.answered(answered);
    if (below(6) == 0) leg.session("session" + std::to_string(below(5)));
    if (below(8) == 0) {
      const std::string other = "leg" + std::to_string(below(count));
      leg.replaces(other, other + "-to", other + "-from");
    }
    if (below(5) == 0) leg.elsewhere();
    if (below(4) == 0)
      leg.refers(start + 5, "230" + std::to_string(below(3)), "230" + std::to_string(below(3)));
    if (below(6) == 0) leg.referred_by("230" + std::to_string(below(3)));
    for (const Side side : {Side::kCaller, Side::kCallee}) {
      if (below(5) == 0) continue;
      const double lag = 0.01 * static_cast<double>(below(3));
      leg.stream(side, address() + ":" + std::to_string(1000 + below(3)), address() + ":2000",
                 {{voice(), answered, end, lag, below(4) == 0}});
    }
    return leg;
  }
  std::string address() { return "192.0.2." + std::to_string(1 + below(4)); }
  Voice voice() { return Voice(below(world_.voices)); }

  std::mt19937 random_;
  const World world_;
};

TEST_CASE("300 sets of legs give the same conversations, ties and doubts in any order") {
  std::size_t tied = 0;
  std::size_t doubtful = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    RandomLegs random(seed);
    std::vector<LegEvidence> legs = random.make(5 + seed % 45);
    std::sort(legs.begin(), legs.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    Story by_start;
    by_start.add_all(legs);
    for (const auto& [id, place] : by_start.places()) {
      tied += place.ties.size();
      doubtful += place.ambiguous.size();
    }
    std::sort(legs.begin(), legs.end(), [](const auto& a, const auto& b) { return a.end < b.end; });
    Story by_end;
    by_end.add_all(legs);
    CHECK(by_end.places() == by_start.places());
    random.shuffle(legs);
    Story shuffled;
    shuffled.add_all(legs);
    CHECK(shuffled.places() == by_start.places());
  }
  CHECK(tied > 1000);
  CHECK(doubtful > 200);  // or the comparison proves little
}

TEST_CASE("nor does the order matter where dozens of legs hear the same") {
  std::size_t tied = 0;
  for (unsigned seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    RandomLegs random(seed, {.starts = 12, .voices = 3});
    std::vector<LegEvidence> legs = random.make(20 + 2 * seed);
    Story one;
    one.add_all(legs);
    random.shuffle(legs);
    Story other;
    other.add_all(legs);
    CHECK(one.places() == other.places());
    for (const auto& [id, place] : one.places()) tied += place.ties.size();
  }
  CHECK(tied > 100);
}

TEST_CASE("legs that were read back are known as those that were added") {
  for (unsigned seed = 300; seed < 350; ++seed) {
    CAPTURE(seed);
    RandomLegs random(seed);
    std::vector<LegEvidence> legs = random.make(30);
    Story whole;
    whole.add_all(legs);
    Conversations read_back;
    read_back.restore({legs.begin(), legs.begin() + 29});
    const auto outcome = read_back.add(legs.back());
    for (const PlacedLeg& placed : outcome.placed) {
      CHECK(placed.place == whole.places().at(placed.leg));
    }
  }
}

TEST_CASE("every leg of a conversation names its smallest id, and a tie stands on both sides") {
  for (unsigned seed = 400; seed < 450; ++seed) {
    CAPTURE(seed);
    RandomLegs random(seed);
    Story story;
    story.add_all(random.make(40));
    for (const auto& [id, place] : story.places()) {
      CHECK(place.conversation <= id);
      CHECK(story.places().at(place.conversation).conversation == place.conversation);
      for (const StandingTie& tie : place.ties) {
        const Place& other = story.places().at(tie.leg);
        CHECK(other.conversation == place.conversation);
        CHECK(std::count(other.ties.begin(), other.ties.end(), StandingTie{id, tie.by}) == 1);
      }
      for (const Ulid& other : place.ambiguous) {
        CHECK(story.places().at(other).conversation != place.conversation);
      }
    }
  }
}

Talk talk(std::uint64_t number, double from_s, double to_s) {
  return {Voice(100 + number), Voice(100'000 + number), from_s, to_s};
}

TEST_CASE("memory stays within its budget, and the newest calls are still joined") {
  const Conversations::Limits limits{.bytes = 1U << 20U};
  Story story(limits);
  for (int i = 0; i < 400; ++i) {
    const std::string number = std::to_string(i);
    const double start = 40.0 * i;
    const Talk own = talk(static_cast<std::uint64_t>(i), start + 5, start + 60);
    story.add(trunk_leg("trunk" + number, start, start + 60, own));
    story.add(desk_leg("desk" + number, start + 1, start + 60, own));
    CHECK(story.conversations().bytes() <= limits.bytes);
    CHECK(story.are_one("trunk" + number, "desk" + number));
  }
  CHECK(story.gone() > 400);
  CHECK(story.gone() + story.conversations().size() == 800);
}

TEST_CASE("what ended twelve hours before a call begins is forgotten, a conversation as a whole") {
  constexpr double kHour = 3600;
  Story story;
  story.add(LegBuilder("morning", 0, 60));
  story.add(LegBuilder("long", 30, 11 * kHour).replaces("morning", "morning-to", "morning-from"));
  story.add(LegBuilder("alone", 0, 60));
  story.add(LegBuilder("evening", 12.5 * kHour, 12.6 * kHour));
  CHECK(story.gone() == 1);
  CHECK(story.conversations().size() == 3);
  story.add(LegBuilder("night", 23.1 * kHour, 24 * kHour));
  CHECK(story.conversations().size() == 2);
}

TEST_CASE("an older capture that is read after newer calls has its own conversations") {
  constexpr double kDay = 86'400;
  Story story;
  story.add(LegBuilder("today", 30 * kDay, 30 * kDay + 60));
  story.add(trunk_leg("trunk", 0, 60, talk(1, 5, 60)));
  story.add(desk_leg("desk", 1, 60, talk(1, 5, 60)));
  CHECK(story.are_one("trunk", "desk"));
}

TEST_CASE("a payload that thousands of legs have costs no comparison of each with each") {
  const Voice music(7);
  std::vector<LegEvidence> legs;
  for (int i = 0; i < 4000; ++i) {
    // All hear the same minute, and begin and end far apart.
    LegBuilder leg("c" + std::to_string(i), 4.0 * i, 18'030 + 4.0 * i);
    leg.stream(Side::kCallee, kPbx + ":1000", kBorder + ":" + std::to_string(1000 + i),
               {{music, 16'500, 16'560}});
    legs.push_back(leg);
    legs.back().levels = {};
  }
  Conversations conversations;
  const std::clock_t began = std::clock();
  for (LegEvidence& leg : legs) conversations.add(std::move(leg));
  const double took_s = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
  MESSAGE(took_s, " s");
  CHECK(took_s < 5);  // 8 million comparisons would take longer
}

}  // namespace
}  // namespace koegura::store
