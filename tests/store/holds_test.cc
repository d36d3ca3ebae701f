// Holds: what is held does not go, whatever its rule says; the ledger tells who held what and when,
// and whether the file is still so.
#include <doctest/doctest.h>

#include <fstream>

#include "archive_with_ledger.h"
#include "durable_file.h"
#include "holds.h"
#include "ledger_format.h"
#include "retention_story.h"

namespace koegura::store {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::minutes;

constexpr Duration kSixYears = hours(24 * 366 * 6);

class Old : public RetentionStory {
 public:
  Old() {
    open_archive();
    start = clock.real - kSixYears;
    CallBuilder one("one");
    CallBuilder two("two");
    mobile = put(one.starting(start).from("09012345678"));
    other = put(two.starting(start + hours(24)).from("0451235684"));
  }
  Timestamp start;
  std::string mobile;
  std::string other;
};

TEST_CASE("a held call stays until its case is lifted, and goes by its rule then") {
  Old story;
  REQUIRE(story.hold("令和8年(ワ)第1号", {story.mobile}));
  CHECK(story.erase_due().calls() == 1);
  CHECK(story.ids() == std::set<std::string>{story.mobile});
  REQUIRE(story.lift("令和8年(ワ)第1号"));
  CHECK(story.erase_due().calls() == 1);
  CHECK(story.ids().empty());
  const auto entries = entries_of(story.path, "hold");
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].action() == "place");
  CHECK(entries[0].case_() == "令和8年(ワ)第1号");
  CHECK(entries[0].reason() == "因");
  CHECK(entries[0].who() == "manager");
  CHECK(entries[1].action() == "lift");
  CHECK(entries[1].hold_sha256() == entries[0].hold_sha256());
  story.archive.reset();
  CHECK(all_faults(story.path) == Faults());
}

TEST_CASE("a number in any form holds the calls that there are and those to come") {
  Old story;
  for (const auto* number : {"090-1234-5678", "+81 90 1234 5678", "*5678", "０９０１２＊"}) {
    CAPTURE(number);
    REQUIRE(story.hold("A", {}, {.number = number}));
    CHECK(story.archive->find(story.mobile)->retention().holds_size() == 1);
    CHECK(story.archive->find(story.other)->retention().holds_size() == 0);
    CallBuilder later(std::string("later ") + number);
    const std::string id = story.put(later.starting(story.start + hours(48)).to("09012345678"));
    CHECK(story.archive->find(id)->retention().holds_size() == 1);
    REQUIRE(story.lift("A"));
  }
  REQUIRE(story.hold("A", {}, {.number = "090-1234-5678"}));
  story.erase_due();
  CHECK(story.ids().size() == 5);
}

TEST_CASE("the ledger has no number, and neither have its entries of what was held") {
  Old story;
  REQUIRE(story.hold("A", {story.mobile}, {.number = "090-1234-5678"}));
  const auto entries = entries_of(story.path, "hold");
  REQUIRE(entries.size() == 1);
  CHECK(to_json(entries[0]).find("1234-5678") == std::string::npos);
  CHECK(to_json(entries[0]).find(story.mobile) == std::string::npos);
  const auto text = read_file(holds_path(story.path));
  REQUIRE(text);
  CHECK(entries[0].hold_sha256() == hold_hash(text->substr(0, text->size() - 1)));
}

TEST_CASE("what is held for a case is found by it, whole conversations, in either order") {
  Old story;
  const std::string third = story.put("third", story.start + hours(72));
  REQUIRE(story.hold("A", {third}));
  REQUIRE(story.hold("A", {}, {.number = "*5678"}));  // besides
  const auto of_case = [&](CallFilter filter) {
    filter.hold = "A";
    std::vector<std::string> found;
    REQUIRE(story.archive->query(filter, [&](const CallRecord& record) {
      CHECK(record.retention().holds_size() == 1);
      found.push_back(record.id());
      return true;
    }));
    return found;
  };
  // 0312345678 calls in the third: both end so.
  CHECK(of_case({}) == std::vector<std::string>{third, story.mobile});
  CHECK(of_case({.oldest_first = true}) == std::vector<std::string>{story.mobile, third});
  CHECK(of_case({.limit = 1}) == std::vector<std::string>{third});
  CHECK(of_case({.number = "09012345678"}) == std::vector<std::string>{story.mobile});
  const auto none = story.archive->query({.hold = "B"}, [](const CallRecord&) { return true; });
  REQUIRE_FALSE(none);
  CHECK(none.error().kind == ErrorKind::kNotFound);
}

TEST_CASE("a hold that would hold nothing, or has no case or reason, is refused") {
  Old story;
  const auto refused = [&](const Result<ArchiveChanged>& changed, ErrorKind kind) {
    REQUIRE_FALSE(changed);
    CHECK(changed.error().kind == kind);
  };
  refused(story.hold("A", {}), ErrorKind::kUsage);
  refused(story.hold("", {story.mobile}), ErrorKind::kUsage);
  refused(story.hold("two\nlines", {story.mobile}), ErrorKind::kUsage);
  refused(story.hold(std::string(201, 'x'), {story.mobile}), ErrorKind::kUsage);
  refused(story.hold("A", {"01AAAAAAAAAAAAAAAAAAAAAAAA"}), ErrorKind::kNotFound);
  refused(story.lift("A"), ErrorKind::kNotFound);
  CHECK(entries_of(story.path, "hold").empty());
  CHECK_FALSE(fs::exists(holds_path(story.path)));
}

TEST_CASE("holds survive a reindex, and another start") {
  Old story;
  REQUIRE(story.hold("A", {story.mobile}));
  story.archive.reset();
  REQUIRE(reindex(
      story.path, {}, [](const std::string&, const Error&) {},
      [](std::uint64_t, std::uint64_t) {}));
  story.open_archive();
  CHECK(story.archive->holds()->holds_size() == 1);
  CHECK(story.erase_due().calls() == 1);
  CHECK(story.ids() == std::set<std::string>{story.mobile});
}

TEST_CASE("a hold that was removed or changed behind the ledger's back is found and named") {
  Old story;
  REQUIRE(story.hold("A", {story.mobile}));
  REQUIRE(story.hold("B", {story.other}));
  story.archive.reset();
  const std::string path = holds_path(story.path);
  std::string text = *read_file(path);
  std::string where;
  std::string what;
  SUBCASE("removed") {
    text.erase(0, text.find('\n') + 1);
    where = "hold A: ";
    what = "it is gone";
  }
  SUBCASE("the file removed") {
    text.clear();
    where = "hold A: ";
    what = "it is gone";
  }
  SUBCASE("changed") {
    text.replace(text.find(story.other), 3, "01A");
    where = "hold B: ";
    what = "it was changed";
  }
  SUBCASE("added") {
    std::string another = text.substr(0, text.find('\n') + 1);
    another.replace(another.find("\"A\""), 3, "\"C\"");
    text += another;
    where = "hold C: ";
    what = "nobody placed it";
  }
  SUBCASE("no hold") {
    text = "{\n";
    where = "holds.jsonl: ";
    what = "line 1";
  }
  fs::remove(path);
  if (!text.empty()) std::ofstream(path) << text;
  const Faults faults = all_faults(story.path);
  REQUIRE_FALSE(faults.empty());
  CHECK(faults[0].starts_with(where));
  CHECK(faults[0].find(what) != std::string::npos);
}

TEST_CASE("holds that cannot be read stop every erasure, and no search") {
  Old story;
  std::ofstream(holds_path(story.path)) << "{\"case\":\"A\",\"of_a_newer_program\":1}\n";
  ArchiveChange change;
  change.mutable_erase_due()->set_most(256);
  const auto erased = story.archive->change(change, "manager");
  REQUIRE_FALSE(erased);
  CHECK(erased.error().message.find("nothing is erased") != std::string::npos);
  CHECK(story.ids().size() == 2);
  CHECK_FALSE(story.archive->find(story.mobile)->has_retention());
}

TEST_CASE("died between the ledger and the file: the ledger counts") {
  Old story;
  REQUIRE(story.hold("A", {story.mobile}));
  const std::string path = holds_path(story.path);
  const std::string with_a = *read_file(path);
  REQUIRE(story.lift("A"));
  SUBCASE("the change is in the ledger: it is made") {
    std::ofstream(path) << with_a;        // as before the lift
    std::ofstream(path + ".next") << "";  // as after it
  }
  SUBCASE("it is not: nothing was changed") {
    std::ofstream(path + ".next") << with_a;
  }
  SUBCASE("it was torn") {
    std::ofstream(path + ".next") << with_a.substr(0, with_a.size() / 2);
  }
  story.open_archive();
  CHECK(story.archive->holds()->holds_size() == 0);
  CHECK_FALSE(fs::exists(path + ".next"));
  story.archive.reset();
  CHECK(all_faults(story.path) == Faults());
}

}  // namespace
}  // namespace koegura::store
