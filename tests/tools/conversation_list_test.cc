#include "conversation_list.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "conversation_legs.h"
#include "leg_builder.h"
#include "leg_marks.h"
#include "listed_archive.h"

namespace koegura::tools {
namespace {

// A call by itself, c; and before and after it the legs of two conversations, a-b-d and e-f.
ListedArchive archive() {
  const auto call = [](const LegBuilder& leg, double begins, const char* conversation) {
    return LegBuilder(leg).begins(begins).in_conversation(conversation).ends(begins + 20, "caller");
  };
  LegBuilder called = call(trunk(), 0, "a").answered(5).ends(60, "caller");
  LegBuilder rang = call(phone("b", "2301", kPhone1), 0.1, "a").answered(5).ends(30, "caller");
  LegBuilder next = call(phone("d", "2305", kPhone2), 25, "a").answered(29).ends(60, "caller");
  LegBuilder again =
      call(LegBuilder("e", kCitizen, kCityHall).between(kCarrier, kExchange), 90, "e");
  LegBuilder in_vain = call(phone("f", "2301", kPhone1), 90.1, "e").state("cancelled");
  return ListedArchive({called, rang.tied("a", "payload"),
                        call(LegBuilder("c", "2301", "2309"), 10, "c"), next.tied("a", "payload"),
                        again, in_vain.tied("e", "session-id")});
}

std::string rows(const ListedArchive& archive, const store::CallFilter& filter = {}) {
  std::string rows;
  const auto done = query_conversations(archive, filter, [&](const ConversationRow& row) {
    rows += row.conversation().substr(16) + ' ' + row.state() + ' ' + row.answered_by().number() +
            ' ' + std::to_string(row.legs_size()) + "; ";
    return true;
  });
  REQUIRE(done);
  return rows;
}

TEST_CASE("conversations are listed once each, by the start of their first leg, newest first") {
  CHECK(rows(archive()) == "e missed  2; c missed  1; a answered 2305 3; ");
  CHECK(rows(archive(), {.oldest_first = true}) == "a answered 2305 3; c missed  1; e missed  2; ");
}

TEST_CASE("a number that only a later leg has finds the whole conversation, once") {
  CHECK(rows(archive(), {.number = "2305"}) == "a answered 2305 3; ");
  CHECK(rows(archive(), {.number = "2301"}) == "e missed  2; a answered 2305 3; ");
}

TEST_CASE("the state asked for is the conversation's, and the limit counts conversations") {
  CHECK(rows(archive(), {.state = "missed"}) == "e missed  2; c missed  1; ");
  CHECK(rows(archive(), {.state = "cancelled"}).empty());
  CHECK(rows(archive(), {.limit = 2}) == "e missed  2; c missed  1; ");
  CHECK(rows(archive(), {.limit = 3}) == rows(archive()));
}

TEST_CASE("one who has seen enough is asked no more, and a failing look-up is told") {
  int seen = 0;
  CHECK(query_conversations(archive(), {}, [&](const ConversationRow&) { return ++seen < 2; }));
  CHECK(seen == 2);
  for (int query = 1; query <= 4; ++query) {
    CAPTURE(query);
    ListedArchive failing = archive();
    failing.fail_at = query;
    const auto done = query_conversations(failing, {}, [](const ConversationRow&) { return true; });
    REQUIRE_FALSE(done);
    CHECK(done.error().message == "the disk is gone");
  }
}

TEST_CASE("what a conversation's row costs does not grow with the archive") {
  std::vector<CallRecord> many;
  for (int i = 0; i < 300; ++i) {
    const std::string id = std::to_string(1000 + i);
    many.push_back(LegBuilder(id, "2301", "2302").begins(i).in_conversation(id));
  }
  const ListedArchive archive(many);
  CHECK(rows(archive).starts_with("1299 missed  1; 1298 missed  1; "));
  CHECK(archive.queries == 301);
}

TEST_CASE("the legs of a call are found from any of them, in order of start") {
  const ListedArchive calls = archive();
  for (const char* id : {"01KAJ4Q2H0ABCDEFa", "01KAJ4Q2H0ABCDEFb", "01KAJ4Q2H0ABCDEFd"}) {
    const auto call = calls.find(id);
    REQUIRE(call);
    const auto records = read_legs(calls, *call);
    REQUIRE(records);
    CHECK(records->shown == id);
    CHECK_FALSE(records->more);
    REQUIRE(records->legs.size() == 3);
    CHECK(records->legs[2].callee().number() == "2305");
    CHECK(find_conversation(calls, id) == "01KAJ4Q2H0ABCDEFa");
  }
  CHECK_FALSE(find_conversation(calls, "01ZZZZZZ"));
}

TEST_CASE(
    "of a conversation of thousands the first legs are told, and the one that was asked for") {
  std::vector<CallRecord> many;
  for (int i = 0; i < 2000; ++i) {
    many.push_back(LegBuilder(std::to_string(1000 + i), "2301", "2302").begins(i));
  }
  const CallRecord last = many.back();
  const ListedArchive archive(std::move(many));
  const auto records = read_legs(archive, last);
  REQUIRE(records);
  CHECK(records->more);
  CHECK(records->legs.size() == 201);
  CHECK(records->legs.back().id() == last.id());
}

TEST_CASE("the legs of a conversation have one letter, calls by themselves none") {
  LegMarks marks;
  std::string seen;
  REQUIRE(archive().query({}, [&](const CallRecord& record) {
    seen += record.id().substr(16) + '=' + marks.of(record) + ' ';
    return true;
  }));
  CHECK(seen == "f=a e=a d=b c= b=b a=b ");
}

TEST_CASE("letters come round, and neighbours never share one") {
  LegMarks marks;
  std::set<std::string> letters;
  for (int i = 0; i < 26; ++i) {
    const std::string id = std::to_string(i);
    letters.insert(marks.of(LegBuilder(id, "1", "2").in_conversation("x" + id)));
  }
  CHECK(letters.size() == 26);
  CHECK(marks.of(LegBuilder("27", "1", "2").in_conversation("x27")) == "a");
  CHECK(marks.of(LegBuilder("1", "1", "2").in_conversation("x1")) == "b");
}

}  // namespace
}  // namespace koegura::tools
