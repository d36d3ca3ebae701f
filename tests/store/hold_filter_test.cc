// Holds by filter: each field holds what it fits, now and later; and what a conversation is called
// later changes nothing.
#include <doctest/doctest.h>

#include <fstream>
#include <functional>

#include "archive_with_ledger.h"
#include "holds.h"
#include "record.h"
#include "retention_story.h"
#include "store/directory_file.h"

namespace koegura::store {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Duration kSixYears = hours(24 * 366 * 6);
const std::string kSession = "ab30317f1a784dc48ff824d0d3715d86";

CallBuilder leg(const std::string& name, Timestamp start) {
  CallBuilder call(name);
  call.starting(start);
  call.call().links.session_ids = {kSession};
  return call;
}

class HeldStory : public RetentionStory {
 public:
  explicit HeldStory(RetentionRules rules = {}) : RetentionStory(std::move(rules)) {
    options.internal_numbers = {"23??"};
    open_archive();
    std::ofstream(directory_path(path)) << "number,department,person,valid_from,valid_to\n"
                                           "2301,市民課,山田,,\n2302,税務課,鈴木,,\n";
    start = clock.real - kSixYears;
  }
  std::string put_leg(const std::string& name, Duration after) {
    CallBuilder call = leg(name, start + after);
    return put(call);
  }
  void note(const std::string& id, const std::string& text) const {
    ArchiveChange change;
    change.mutable_note()->set_call(id);
    change.mutable_note()->set_text(text);
    REQUIRE(archive->change(change, "yamada"));
  }
  [[nodiscard]] bool is_held(const std::string& id) const {
    const auto record = archive->find(id);
    if (!record) FAIL(record.error().message);
    const bool is_told = record->retention().holds_size() > 0;
    CHECK(is_listed(id) == is_told);
    return is_told;
  }
  Timestamp start;

 private:
  // By its case.
  [[nodiscard]] bool is_listed(const std::string& id) const {
    std::set<std::string> listed;
    if (archive->holds()->holds_size() == 0) return false;
    REQUIRE(archive->query({.hold = "R8-1"}, [&](const CallRecord& record) {
      listed.insert(record.id());
      return true;
    }));
    CHECK(archive->count({.hold = "R8-1"}).value_or(SIZE_MAX) == listed.size());
    return listed.contains(id);
  }
};

// ---- each field -------------------------------------------------------------------------------

using Changed = std::function<void(CallBuilder& call)>;
struct Field {
  const char* name;
  CallFilter filter;
  Changed other;  // makes the call one that it does not fit
  const char* noted = "";
};

std::vector<Field> fields(Timestamp start) {
  const auto later = [start](CallBuilder& call) { call.starting(start + hours(48)); };
  const auto earlier = [start](CallBuilder& call) { call.starting(start - hours(48)); };
  const auto short_one = [](CallBuilder& call) { call.lasting(seconds(10)); };
  const auto long_one = [](CallBuilder& call) { call.lasting(seconds(900)); };
  const auto empty_one = [](CallBuilder& call) { call.lasting(seconds(0)); };
  const auto elsewhere = [](CallBuilder& call) { call.from("0451235684").to("2302"); };
  const auto missed = [](CallBuilder& call) { call.unanswered(capture::CallState::kMissed, 487); };
  const auto outgoing = [](CallBuilder& call) { call.from("2301").to("0312345678"); };
  const auto shown = [](CallBuilder& call) { call.call().caller.withheld.clear(); };
  const auto nothing = [](CallBuilder&) {};
  return {
      {.name = "from", .filter = {.from = start - hours(1)}, .other = earlier},
      {.name = "to", .filter = {.to = start + hours(1)}, .other = later},
      {.name = "number", .filter = {.number = "03-1234-5678"}, .other = elsewhere},
      {.name = "department", .filter = {.department = "市民課"}, .other = elsewhere},
      {.name = "person", .filter = {.person = "山田"}, .other = elsewhere},
      {.name = "withheld", .filter = {.withheld = "非通知"}, .other = shown},
      {.name = "state", .filter = {.state = "answered"}, .other = missed},
      {.name = "direction", .filter = {.direction = "in"}, .other = outgoing},
      {.name = "tag", .filter = {.tag = "苦情"}, .other = nothing, .noted = "#苦情"},
      {.name = "text", .filter = {.text = "折り返し"}, .other = nothing, .noted = "折り返し"},
      {.name = "longer", .filter = {.longer_than = seconds(30)}, .other = short_one},
      {.name = "longer than nothing", .filter = {.longer_than = Duration()}, .other = empty_one},
      {.name = "shorter", .filter = {.shorter_than = seconds(90)}, .other = long_one},
  };
}

TEST_CASE(
    "each field of a hold's filter holds the calls that it fits, those to come, and no other") {
  for (const Field& field : fields(HeldStory().start)) {
    CAPTURE(field.name);
    HeldStory story;
    const auto put = [&](const std::string& name, const Changed& change) {
      CallBuilder call(name);
      call.starting(story.start);
      call.call().caller.withheld = "Anonymous";
      change(call);
      return story.put(call);
    };
    const Changed as_it_is = [](CallBuilder&) {};
    const std::string fitting = put("a", as_it_is);
    const std::string other = put("b", field.other);
    if (*field.noted != '\0') story.note(fitting, field.noted);
    REQUIRE(story.hold("R8-1", {}, field.filter));
    const std::string next_fitting = put("c", as_it_is);
    const std::string next_other = put("d", field.other);
    if (*field.noted != '\0') story.note(next_fitting, field.noted);
    CHECK(story.is_held(fitting));
    CHECK(story.is_held(next_fitting));
    CHECK_FALSE(story.is_held(other));
    CHECK_FALSE(story.is_held(next_other));
    CHECK(story.erase_due().calls() == 2);
    CHECK(story.ids() == std::set<std::string>{fitting, next_fitting});
  }
}

// ---- conversations ----------------------------------------------------------------------------

TEST_CASE("a conversation stays held when an earlier leg comes and gives it its id") {
  HeldStory story;
  const std::string second = story.put_leg("second", seconds(2));
  REQUIRE(story.hold("R8-1", {}, {.conversation = second}));
  REQUIRE(story.is_held(second));
  const std::string first = story.put_leg("first", seconds(0));
  REQUIRE(story.archive->find(second)->conversation() == first);
  CHECK(story.is_held(second));
  CHECK(story.is_held(first));
  const std::string third = story.put_leg("third", seconds(4));
  CHECK(story.is_held(third));
  CHECK(story.erase_due().calls() == 0);
}

TEST_CASE("so it does by the line of an older program, which names the conversation alone") {
  HeldStory story;
  const std::string second = story.put_leg("second", seconds(2));
  std::ofstream(holds_path(story.path))
      << R"({"case":"R8-1","placings":[{"reason":"r","who":"w","filter":{"conversation":")" +
             second + "\"}}]}\n";
  REQUIRE(story.is_held(second));
  const std::string first = story.put_leg("first", seconds(0));
  REQUIRE(story.archive->find(second)->conversation() == first);
  CHECK(story.is_held(second));
  CHECK(story.is_held(first));
  CHECK(story.erase_due().calls() == 0);
}

TEST_CASE("legs that are found to be of several conversations later are held as they were") {
  HeldStory story;
  const std::string first = story.put_leg("first", seconds(0));
  const std::string second = story.put_leg("second", seconds(5));
  REQUIRE(story.archive->find(second)->conversation() == first);
  REQUIRE(story.hold("R8-1", {}, {.conversation = first}));
  // More INVITEs have the UUID than a conversation has: it ties nothing any more.
  for (int i = 0; i < 8; ++i) story.put_leg("more " + std::to_string(i), seconds(10 + 5 * i));
  REQUIRE(story.archive->find(second)->conversation() == second);
  CHECK(story.is_held(first));
  CHECK(story.is_held(second));
  CHECK(story.erase_due().calls() == 8);
}

TEST_CASE("a conversation whose first leg was erased is meant by the legs that are left") {
  HeldStory story(
      {.rules = {{.name = "missed", .state = "missed", .period = {.keep = {.days = 30}}}},
       .otherwise = {.keep = {.years = 50}}});
  CallBuilder missed = leg("first", story.start);
  const std::string first = story.put(missed.unanswered(capture::CallState::kMissed, 487));
  const std::string second = story.put_leg("second", seconds(2));
  REQUIRE(story.archive->find(second)->conversation() == first);
  REQUIRE(story.hold("R8-1", {}, {.conversation = first, .tag = "苦情"}));
  CHECK(story.erase_due().calls() == 1);
  REQUIRE(story.archive->find(second)->conversation() == second);
  CHECK_FALSE(story.is_held(second));
  story.note(second, "#苦情");
  CHECK(story.is_held(second));
}

TEST_CASE("a hold of a conversation says which legs it had; one that is none is refused") {
  HeldStory story;
  const std::string first = story.put_leg("first", seconds(0));
  const std::string second = story.put_leg("second", seconds(2));
  REQUIRE(story.hold("R8-1", {}, {.conversation = first}));
  const HoldFilter filter = story.archive->holds()->holds(0).placings(0).filter();
  CHECK(std::vector<std::string>(filter.legs().begin(), filter.legs().end()) ==
        std::vector<std::string>{first, second});
  for (const auto* none : {"01AAAAAAAAAAAAAAAAAAAAAAAA", "none"}) {
    const auto refused = story.hold("R8-2", {}, {.conversation = none});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::kNotFound);
  }
}

}  // namespace
}  // namespace koegura::store
