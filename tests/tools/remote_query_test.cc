// What is asked for over the socket, by every filter that `calls` has, beside the folder's answer.
#include <doctest/doctest.h>

#include <vector>

#include "call_query.h"
#include "fake_recorder.h"

namespace koegura::tools {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<std::string> matches(const store::Archive& archive, const store::CallFilter& filter) {
  std::vector<std::string> found;
  const auto done = archive.query(filter, [&](const CallRecord& record) {
    found.push_back(store::to_json(record));
    return true;
  });
  if (!done) FAIL(done.error().message);
  return found;
}

std::vector<store::CallFilter> filters() {
  std::vector<store::CallFilter> all(17);
  all[1].oldest_first = true;
  all[2].number = "03-1234-5678";
  all[3].number = "*5678";
  all[3].oldest_first = true;
  all[4].limit = 1234;
  all[5].limit = 500;
  all[5].oldest_first = true;
  all[6].longer_than = seconds(30);
  all[6].shorter_than = milliseconds(41'500);
  all[7].from = kMorning + milliseconds(200);
  all[7].to = kMorning + milliseconds(600) + Duration(1);
  all[8].state = "missed";
  all[9].person = "山田 & 太郎=?";
  all[10].tag = "#カスハラ";
  all[11].text = "怒鳴る 100%";
  all[12].hold = "R8-12 & co";
  all[13].hold = "R8-12 & co";
  all[13].oldest_first = true;
  all[13].limit = 520;
  all[14].withheld = "any";
  all[15].direction = "unknown";
  all[15].to = kMorning + milliseconds(300);
  all[16].department = "税務課";
  return all;
}

// A note on every hundredth call, and a hold of what one caller said.
void write_on(store::Archive& archive) {
  std::vector<std::string> ids;
  REQUIRE(archive.query({}, [&](const CallRecord& record) {
    ids.push_back(record.id());
    return true;
  }));
  for (std::size_t i = 0; i < ids.size(); i += 100) {
    ArchiveChange change;
    change.mutable_note()->set_call(ids[i]);
    change.mutable_note()->set_text("怒鳴る, 100% #カスハラ");
    REQUIRE(archive.change(change, "somebody"));
  }
  ArchiveChange change;
  change.mutable_place_hold()->set_case_("R8-12 & co");
  change.mutable_place_hold()->set_reason("a claim");
  change.mutable_place_hold()->mutable_filter()->set_number("045-123-0000");
  REQUIRE(archive.change(change, "somebody"));
}

TEST_CASE("thousands of calls asked for over the socket are those of the folder, in its order") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  recorder.put_many(1600);
  recorder.put(CallBuilder("hidden").starting(kMorning).from("anonymous"));
  write_on(recorder.archive());
  const auto server = serve(folder, recorder);
  const RemoteArchive remote = remote_of(folder);
  CHECK(remote.count({.tag = "カスハラ"}).value_or(0) == 17);
  CHECK(remote.count({.hold = "R8-12 & co"}).value_or(0) == 533);
  std::size_t total = 0;
  for (const store::CallFilter& filter : filters()) {
    const auto expected = matches(recorder.archive(), filter);
    CAPTURE(query_text({filter, ""}));
    CHECK(matches(remote, filter) == expected);
    CHECK(remote.count(filter).value_or(SIZE_MAX) == expected.size());
    total += expected.size();
  }
  CHECK(total > 7'000);
}

TEST_CASE("calls that began in one moment are each given once, page by page") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  for (int i = 0; i < 600; ++i) recorder.put(CallBuilder("same-" + std::to_string(i)));
  const auto server = serve(folder, recorder);
  const RemoteArchive remote = remote_of(folder);
  for (const bool oldest_first : {false, true}) {
    store::CallFilter filter;
    filter.oldest_first = oldest_first;
    CHECK(matches(remote, filter) == matches(recorder.archive(), filter));
  }
}

TEST_CASE("a visitor that has seen enough is asked no more, and may ask for a call itself") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  recorder.put_many(20);
  const auto server = serve(folder, recorder);
  const RemoteArchive remote = remote_of(folder);
  int seen = 0;
  REQUIRE(remote.query({}, [&](const CallRecord& record) {
    CHECK(remote.find(record.id()));
    return ++seen < 3;
  }));
  CHECK(seen == 3);
}

TEST_CASE("a filter is the same after it was written as a query and read again") {
  for (store::CallFilter filter : filters()) {
    filter.direction = "in";
    filter.department = "市民課";
    filter.withheld = "非通知";
    filter.tag = "#カスハラ";
    filter.text = "怒鳴る & 代表=?";
    filter.conversation = "01KAJ4Q2H0ABCDEFGHJKMNPQRS";
    const std::string text = query_text({filter, "01ABC"});
    const auto read = parse_query(text);
    REQUIRE(read);
    CHECK(query_text(*read) == text);
    CHECK(read->after == "01ABC");
    CHECK(read->filter.from == filter.from);
    CHECK(read->filter.to == filter.to);
    CHECK(read->filter.number == filter.number);
    CHECK(read->filter.person == filter.person);
    CHECK(read->filter.withheld == filter.withheld);
    CHECK(read->filter.tag == filter.tag);
    CHECK(read->filter.text == filter.text);
    CHECK(read->filter.hold == filter.hold);
    CHECK(read->filter.state == filter.state);
    CHECK(read->filter.direction == filter.direction);
    CHECK(read->filter.department == filter.department);
    CHECK(read->filter.conversation == filter.conversation);
    CHECK(read->filter.longer_than == filter.longer_than);
    CHECK(read->filter.shorter_than == filter.shorter_than);
    CHECK(read->filter.limit == filter.limit);
    CHECK(read->filter.oldest_first == filter.oldest_first);
  }
}

}  // namespace
}  // namespace koegura::tools
