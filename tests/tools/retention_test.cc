// What people are told of holds and of what is due, and the recorder's daily look at it.
#include <doctest/doctest.h>

#include "../store/retention_story.h"
#include "../wait_until.h"
#include "listed_archive.h"
#include "retention_keeper.h"
#include "retention_text.h"

namespace koegura::tools {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr Duration kSixYears = hours(24 * 366 * 6);

class Due : public store::RetentionStory {
 public:
  Due() {
    open_archive();
    put("old", clock.real - kSixYears);
    put("young", clock.real);
  }
};

constexpr RetentionKeeperOptions kOften{.first = milliseconds(1), .every = milliseconds(5)};

TEST_CASE("the recorder tells what is due, and erases nothing unless it is told to") {
  Due story;
  const auto keeper = RetentionKeeper::start(*story.archive, kOften);
  test::wait_until([&] { return keeper->figures().has_looked(); });
  CHECK(keeper->figures().due() == 1);
  CHECK_FALSE(keeper->figures().has_erased_at());
  CHECK(story.ids().size() == 2);
  keeper->set_automatic(true);
  test::wait_until([&] { return keeper->figures().has_erased_at(); });
  CHECK(story.ids().size() == 1);
  test::wait_until([&] { return keeper->figures().due() == 0; });
  CHECK(keeper->figures().erased() == 1);
  CHECK(keeper->figures().problem().empty());
}

TEST_CASE("with a clock that is not synchronised it says so, and erases nothing") {
  Due story;
  story.clock.synchronised = false;
  RetentionKeeperOptions options = kOften;
  options.automatic = true;
  const auto keeper = RetentionKeeper::start(*story.archive, options);
  test::wait_until([&] { return keeper->figures().has_looked(); });
  CHECK(keeper->figures().refusal().find("not synchronised") != std::string::npos);
  CHECK(story.ids().size() == 2);
}

TEST_CASE("while the index is being rebuilt nothing is looked at, and soon after it is") {
  ListedArchive archive({});
  archive.is_damaged = true;
  const auto keeper =
      RetentionKeeper::start(archive, {.first = milliseconds(1), .every = hours(24)});
  test::wait_until([&] { return archive.asked_for_rebuild > 2; });
  CHECK_FALSE(keeper->figures().has_looked());
  archive.is_damaged = false;
  test::wait_until([&] { return keeper->figures().has_looked(); });
}

TEST_CASE("the outlook is the clock, then a table of the rules") {
  Due story;
  const auto outlook = story.archive->retention(store::Outlook::kRules);
  REQUIRE(outlook);
  const std::vector<std::string> lines = outlook_lines(*outlook);
  REQUIRE(lines.size() == 5);
  CHECK(lines[0].find("may be erased: 1 call, by `koegura retention run`") != std::string::npos);
  CHECK(lines[1].starts_with("clock       2026-11-21"));
  CHECK(lines[2].empty());
  CHECK(lines[3].starts_with("RULE     KEEP     CALLS  DUE  HELD  OLDEST"));
  CHECK(lines[4].starts_with("default  5 years      2    1     0  2020-11-"));
}

TEST_CASE("a hold is told by its placings, and no control character of theirs is shown") {
  Hold hold;
  hold.set_case_("R8-1");
  HoldPlacing& one = *hold.add_placings();
  one.set_who("tanaka");
  one.set_reason("court\x1b[2J");
  one.add_calls("01M7XTRBG51C1XNJ3S5NZT0KY4");
  one.mutable_filter()->set_number("*5678");
  one.mutable_filter()->set_state("missed");
  const std::vector<std::string> lines = hold_lines(hold);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == "R8-1");
  CHECK(lines[1].find("tanaka  1 call (01M7XTRBG51C1XNJ3S5NZT0KY4) and calls with number=*5678 "
                      "state=missed: court") != std::string::npos);
  CHECK(lines[1].find('\x1b') == std::string::npos);
}

}  // namespace
}  // namespace koegura::tools
