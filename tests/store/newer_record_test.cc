// call.json of a newer program, in an archive of this one: what it does not know stays, through the
// index and out of it again.
#include <doctest/doctest.h>

#include <filesystem>

#include "archive_folder.h"
#include "archive_with_ledger.h"
#include "call_file.h"
#include "json_members.h"
#include "record.h"

namespace koegura::store {
namespace {

namespace fs = std::filesystem;

std::string unknown_in(std::string_view json) {
  return unknown_members(json, *CallRecord::descriptor());
}

TEST_CASE("what a record does not have is found wherever it stands, and nothing else") {
  CHECK(unknown_in(R"({"id":"A","caller":{"number":"1"},"start":"2026-11-21T01:15:02Z"})").empty());
  CHECK(unknown_in(R"({"id":"A","new":{"a":[1,"},]"],"b\"":null},"state":"x"})") ==
        R"({"new":{"a":[1,"},]"],"b\"":null}})");
  CHECK(unknown_in(R"({ "audio" : { "path" : "p" , "new" : 2.50 } })") ==
        R"({"audio":{"new":2.50}})");
  CHECK(unknown_in(R"({"streams":[{"ssrc":1},{"new":3,"ssrc":2}],"spans":[{},{}]})") ==
        R"({"streams":[{},{"new":3}]})");
  CHECK(unknown_in(R"({"answeredBy":{"new":1}})") == R"({"answered_by":{"new":1}})");
  for (const auto* text : {"", "{", "}", "{\"new", "{\"new\"}", "[1]", "\"{}\"", "{,,}", "{\"\\"}) {
    CAPTURE(text);
    CHECK(unknown_in(text).empty());
  }
}

TEST_CASE("members come back to their places, and those that are known now have the last word") {
  const std::string json = R"({"id":"A","audio":{"path":"p"},"streams":[{"ssrc":1},{"ssrc":2}]})";
  CHECK(with_members(json, "") == json);
  CHECK(with_members(json, "no object") == json);
  CHECK(with_members(json, R"({"new":1,"audio":{"n":2},"streams":[{},{"n":3}]})") ==
        R"({"id":"A","audio":{"path":"p","n":2},"streams":[{"ssrc":1},{"ssrc":2,"n":3}],"new":1})");
  CHECK(with_members(R"({"new":0,"list":[]})", R"({"new":1,"list":["a"]})") ==
        R"({"new":1,"list":["a"]})");
  CHECK(with_members(R"({"streams":[{"ssrc":1}]})", R"({"streams":[{},{"n":3}]})") ==
        R"({"streams":[{"ssrc":1},{"n":3}]})");
}

const std::string kNewer =
    R"({"emotion":{"caller":["calm",0.25]},"caller":{"number":"+81312345678","age":"41"},)"
    R"("spans":[{"kind":"hold","why":"{[,\"]}"}]})";

TEST_CASE("a record that was read and is written again has all that it had") {
  const auto record = from_json(kNewer);
  REQUIRE(record);
  CHECK(record->caller().number() == "+81312345678");
  const std::string json = to_json(*record);
  CHECK(json.find("unrecognised") == std::string::npos);
  CHECK(json.find(R"("emotion":{"caller":["calm",0.25]})") != std::string::npos);
  CHECK(json.find(R"("age":"41")") != std::string::npos);
  CHECK(json.find(R"("why":"{[,\"]}")") != std::string::npos);
  CHECK(to_json(*from_json(json)) == json);
  CHECK_FALSE(from_json(R"({"id":"A"})")->has_unrecognised());
  // Nobody writes it himself.
  CHECK_FALSE(from_json(R"({"id":"A","unrecognised":"{\"id\":\"B\"}"})")->has_unrecognised());
  CHECK_FALSE(from_json(R"({"id":"A","unrecognised":"x","new":{}})")->unrecognised() == "x");
}

// A call that a newer program archived: its file, which a reindex and a start find.
class NewerCall {
 public:
  NewerCall() {
    REQUIRE(open(path)->put(numbered(0)));
    const auto folder = ArchiveFolder::open_for_writing(path);
    REQUIRE(folder);
    const decode::RenderedCall call = numbered(1);
    CallRecord record = make_record(call, {});
    record.mutable_audio()->set_path(call_file_path(call.call, record.id()));
    record.set_unrecognised(R"({"emotion":{"caller":["calm",0.25]},"caller":{"age":"41"}})");
    REQUIRE(write_call_file(*folder, call, record, /*sync=*/true));
    id = record.id();
  }
  void check(const Archive& archive) const {
    const auto record = archive.find(id);
    if (!record) FAIL(record.error().message);
    const std::string json = to_json(*record);
    CHECK(json.find(R"("emotion":{"caller":["calm",0.25]})") != std::string::npos);
    CHECK(json.find(R"("age":"41")") != std::string::npos);
    CHECK(json.find("unrecognised") == std::string::npos);
  }

 private:
  TemporaryFolder folder_;

 public:
  std::string path = folder_ / "archive";
  std::string id;
};

TEST_CASE("what protobuf reads and no program writes does not come back twice") {
  for (const std::string name : {"\v\"streams\"", "streams", "'streams'", "\"stream\\u0073\""}) {
    CAPTURE(name);
    const auto record = from_json("{\"new\":1," + name + ":[{\"ssrc\":\"a\",\"new\":2}]}");
    REQUIRE(record);
    REQUIRE(record->streams_size() == 1);
    const std::string json = to_json(*record);
    const auto again = from_json(json);
    REQUIRE(again);
    CHECK(again->streams_size() == 1);
    CHECK(to_json(*again) == json);
    CHECK(json.ends_with("\"new\":1}"));
  }
}

TEST_CASE("a newer program's call is whole after a reindex, and after a note and a joining") {
  const NewerCall newer;
  REQUIRE(reindex(
      newer.path, {}, [](const std::string&, const Error&) {},
      [](std::uint64_t, std::uint64_t) {}));
  newer.check(*open(newer.path, OpenMode::kRead));
  const auto archive = open(newer.path);
  newer.check(*archive);
  ArchiveChange change;
  change.mutable_note()->set_call(newer.id);
  change.mutable_note()->set_text("#苦情");
  REQUIRE(archive->change(change, "yamada"));
  newer.check(*archive);
}

TEST_CASE("a newer program's call is whole when a start gives its file a row") {
  const NewerCall newer;
  newer.check(*open(newer.path));
  CHECK(all_faults(newer.path) == Faults());
}

}  // namespace
}  // namespace koegura::store
