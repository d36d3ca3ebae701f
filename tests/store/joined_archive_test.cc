// Conversations as the archive keeps them: in the index, through restarts and reindex.
#include <doctest/doctest.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <random>

#include "call_builder.h"
#include "call_file.h"
#include "index_format.h"
#include "leg_builder.h"
#include "record_in_file.h"
#include "store/archive.h"
#include "store/scrub.h"
#include "temporary_folder.h"

namespace koegura::store {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::seconds;

const std::string kUuid = "ab30317f1a784dc48ff824d0d3715d86";

std::unique_ptr<Archive> open(const std::string& directory, OpenMode mode = OpenMode::kWrite) {
  ArchiveOptions options;
  options.sync = false;
  auto archive = Archive::open(directory, mode, options);
  if (!archive) FAIL(archive.error().message);
  return std::move(*archive);
}

std::string put(Archive& archive, CallBuilder&& call) {
  const auto added = archive.put(call.build());
  if (!added) FAIL(added.error().message);
  return added->id;
}

CallBuilder call_of(const std::string& call_id, Duration start, const std::string& session) {
  CallBuilder call(call_id);
  call.starting(kMorning + start);
  if (!session.empty()) call.call().links.session_ids = {session};
  return call;
}

// A stream that carries a voice from 5 s after kNoon on.
decode::RenderedStream stream_of(Side side, const std::string& source,
                                 const std::string& destination, const Voice& voice, double lag_s,
                                 Timestamp start) {
  decode::RenderedStream stream = pcmu(side, 1);
  stream.source = endpoint(source);
  stream.destination = endpoint(destination);
  for (int index = 250; index < 258; ++index) {
    const Timestamp at = after(index / 50.0 + lag_s);
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(at - start).count();
    stream.sketch.push_back({voice.payload(index), static_cast<std::uint32_t>(since)});
  }
  return stream;
}

// One of the two legs of a call that a PBX relays.
CallBuilder relayed(const std::string& call_id, bool is_trunk, double start_s) {
  CallBuilder call(call_id);
  const Timestamp start = after(start_s);
  const std::string near = is_trunk ? "192.0.2.1:1000" : "192.0.2.10:2000";
  const std::string far = is_trunk ? "192.0.2.10:1002" : "192.0.2.101:2002";
  call.starting(start);
  call.with_stream(stream_of(Side::kCaller, near, far, Voice(1), is_trunk ? 0 : 0.01, start));
  call.with_stream(stream_of(Side::kCallee, far, near, Voice(2), is_trunk ? 0.01 : 0, start));
  return call;
}

CallRecord found(const Archive& archive, const std::string& id) {
  const auto record = archive.find(id);
  if (!record) FAIL(record.error().message);
  return *record;
}

std::vector<std::string> records_of(const std::string& directory) {
  std::vector<std::string> records;
  REQUIRE(open(directory, OpenMode::kRead)->query({}, [&](const CallRecord& record) {
    records.push_back(to_json(record));
    return true;
  }));
  return records;
}

void reindex_all(const std::string& directory) {
  const auto report = reindex(
      directory, {},
      [](const std::string& path, const Error& why) { FAIL(path << ": " << why.message); },
      [](std::uint64_t, std::uint64_t) {});
  if (!report) FAIL(report.error().message);
}

using Ids = std::vector<std::string>;

Ids ids_of(const Archive& archive, const CallFilter& filter) {
  Ids ids;
  REQUIRE(archive.query(filter, [&](const CallRecord& record) {
    ids.push_back(record.call_id());
    return true;
  }));
  return ids;
}

// Keys of one kind in a closed archive's index.
std::vector<std::string> keys_of_kind(const std::string& directory, char kind) {
  rocksdb::DB* db = nullptr;
  REQUIRE(rocksdb::DB::OpenForReadOnly(rocksdb::Options(), directory + "/index", &db).ok());
  std::vector<std::string> keys;
  {
    const std::unique_ptr<rocksdb::Iterator> at(db->NewIterator(rocksdb::ReadOptions()));
    for (at->Seek(std::string(1, kind)); at->Valid() && at->key()[0] == kind; at->Next()) {
      keys.push_back(at->key().ToString());
    }
  }
  delete db;
  return keys;
}

TEST_CASE("a leg that is archived later changes the record of the earlier one") {
  const TemporaryFolder folder;
  const auto archive = open(folder / "archive");
  const std::string later = put(*archive, call_of("later", seconds(1), kUuid));
  CHECK(found(*archive, later).conversation() == later);
  const std::string first = put(*archive, call_of("first", seconds(0), kUuid));
  for (const std::string& id : {first, later}) {
    const CallRecord record = found(*archive, id);
    CHECK(record.conversation() == first);
    REQUIRE(record.joining().ties_size() == 1);
    CHECK(record.joining().ties(0).call() == (id == first ? later : first));
    CHECK(record.joining().ties(0).by() == "session-id");
  }
}

TEST_CASE("call.json keeps the call's own id and its fingerprint, the index neither of it") {
  const TemporaryFolder folder;
  const auto archive = open(folder / "archive");
  put(*archive, relayed("trunk", true, 0));
  const std::string desk = put(*archive, relayed("desk", false, 1));
  const CallRecord kept = found(*archive, desk);
  CHECK(kept.conversation() != desk);
  CHECK_FALSE(kept.has_fingerprint());
  CHECK(kept.has_links());
  const auto own = record_in_file(archive->file_of(kept));
  REQUIRE(own);
  CHECK(own->conversation() == desk);
  CHECK_FALSE(own->has_joining());
  CHECK(own->has_links());
  CHECK(own->fingerprint().clock_ns() == to_unix_ns(after(1)));
  REQUIRE(own->fingerprint().streams_size() == 2);
  CHECK(own->fingerprint().streams(0).hashes_size() == 8);
}

TEST_CASE("legs are joined by what was heard, in the archive as in the stories") {
  const TemporaryFolder folder;
  const auto archive = open(folder / "archive");
  const std::string desk = put(*archive, relayed("desk", false, 1));
  const std::string trunk = put(*archive, relayed("trunk", true, 0));
  CHECK(found(*archive, desk).conversation() == trunk);
  CHECK(found(*archive, desk).joining().ties(0).by() == "payload");
}

TEST_CASE("a leg that comes after a restart joins those before it") {
  const TemporaryFolder folder;
  std::string desk;
  desk = put(*open(folder / "archive"), relayed("desk", false, 1));
  const auto archive = open(folder / "archive");
  const std::string trunk = put(*archive, relayed("trunk", true, 0));
  CHECK(found(*archive, desk).conversation() == trunk);
  CHECK(found(*archive, trunk).joining().ties(0).by() == "payload");
}

TEST_CASE("a leg that comes after a reindex joins those before it") {
  const TemporaryFolder folder;
  const std::string desk = put(*open(folder / "archive"), relayed("desk", false, 1));
  reindex_all(folder / "archive");
  const auto archive = open(folder / "archive");
  const std::string trunk = put(*archive, relayed("trunk", true, 0));
  CHECK(found(*archive, desk).conversation() == trunk);
}

TEST_CASE("a conversation's legs are found, beside the other filters, in either order") {
  const TemporaryFolder folder;
  const auto archive = open(folder / "archive");
  put(*archive, call_of("stranger", seconds(1), ""));
  const std::string first = put(*archive, call_of("a", seconds(0), kUuid));
  CallBuilder b = call_of("b", seconds(2), kUuid);
  put(*archive, std::move(b.to("2302")));
  put(*archive, call_of("c", seconds(4), kUuid));
  CHECK(ids_of(*archive, {.conversation = first}) == Ids{"c", "b", "a"});
  CHECK(ids_of(*archive, {.conversation = first, .oldest_first = true}) == Ids{"a", "b", "c"});
  CHECK(ids_of(*archive, {.conversation = first, .limit = 2}) == Ids{"c", "b"});
  CHECK(ids_of(*archive, {.number = "2302", .conversation = first}) == Ids{"b"});
  CHECK(ids_of(*archive, {.from = kMorning + seconds(1), .conversation = first}) == Ids{"c", "b"});
  CHECK(ids_of(*archive, {.to = kMorning + seconds(1), .conversation = first}) == Ids{"a"});
  CHECK(ids_of(*archive, {.conversation = found(*archive, first).caller().number()}).empty());
  const std::string alone = ids_of(*archive, {.number = "2302"}).front();
  CHECK(alone == "b");
}

TEST_CASE("a call is a conversation of its own until something joins it") {
  const TemporaryFolder folder;
  const auto archive = open(folder / "archive");
  const std::string id = put(*archive, call_of("alone", seconds(0), ""));
  CHECK(ids_of(*archive, {.conversation = id}) == Ids{"alone"});
  CHECK_FALSE(found(*archive, id).has_joining());
}

TEST_CASE("a call that is archived again stays in its conversation, and so do the others") {
  const TemporaryFolder folder;
  const auto archive = open(folder / "archive");
  const std::string first = put(*archive, call_of("first", seconds(0), kUuid));
  const std::string second = put(*archive, call_of("second", seconds(1), kUuid));
  fs::remove(archive->file_of(found(*archive, second)));
  CHECK(put(*archive, call_of("second", seconds(1), kUuid)) == second);
  CHECK(found(*archive, second).conversation() == first);
  CHECK(found(*archive, second).joining().ties_size() == 1);
  CHECK(ids_of(*archive, {.conversation = first}) == Ids{"second", "first"});
}

TEST_CASE("scrub finds nothing wrong with calls that were joined after they were written") {
  const TemporaryFolder folder;
  const auto archive = open(folder / "archive");
  put(*archive, relayed("desk", false, 1));
  put(*archive, relayed("trunk", true, 0));
  const std::atomic<bool> stop{false};
  const auto report = scrub(
      *archive, {}, stop, [](const Damage& damage) { FAIL_CHECK(damage.why); },
      [](const ScrubReport&) {});
  REQUIRE(report);
  CHECK(report->calls == 2);
  CHECK(report->damaged == 0);
}

TEST_CASE("an archive whose calls came in any order has the conversations that reindex finds") {
  std::mt19937 random(20261121);
  const auto below = [&](unsigned limit) {
    return std::uniform_int_distribution(0U, limit - 1)(random);
  };
  const TemporaryFolder folder;
  int joined = 0;
  for (int round = 0; round < 5; ++round) {
    const std::string directory = folder / std::to_string(round);
    std::vector<CallBuilder> calls;
    for (int i = 0; i < 30; ++i) {
      CallBuilder call = call_of("c" + std::to_string(i), seconds(below(3000)), "");
      call.lasting(seconds(10 + below(90)));
      if (below(2) == 0) call.call().links.session_ids = {kUuid + std::to_string(below(4))};
      if (below(3) == 0) {
        call.call().links.replaces =
            capture::DialogId{"c" + std::to_string(below(30)), "tag1", "x", false};
      }
      call.call().release.elsewhere = below(4) == 0;
      calls.push_back(std::move(call));
    }
    std::shuffle(calls.begin(), calls.end(), random);
    auto archive = open(directory);
    for (CallBuilder& call : calls) {
      if (below(10) == 0) archive.reset();
      if (!archive) archive = open(directory);
      REQUIRE(archive->put(call.build()));
    }
    archive.reset();
    const std::vector<std::string> live = records_of(directory);
    const auto conversations = keys_of_kind(directory, 'v');
    joined += static_cast<int>(conversations.size());
    const auto evidence = keys_of_kind(directory, 'e');
    reindex_all(directory);
    CHECK(records_of(directory) == live);
    CHECK(keys_of_kind(directory, 'v') == conversations);
    CHECK(keys_of_kind(directory, 'e') == evidence);
  }
  CHECK(joined > 20);  // or the comparison proves nothing
}

TEST_CASE("a row that is made up for at the start is joined, too") {
  const TemporaryFolder folder;
  std::string first;
  std::string second;
  {
    const auto archive = open(folder / "archive");
    first = put(*archive, call_of("first", seconds(0), kUuid));
    fs::copy(folder / "archive/index", folder / "older", fs::copy_options::recursive);
    second = put(*archive, call_of("second", seconds(1), kUuid));
  }
  fs::remove_all(folder / "archive/index");
  fs::rename(folder / "older", folder / "archive/index");
  const auto archive = open(folder / "archive");
  CHECK(found(*archive, second).conversation() == first);
  CHECK(found(*archive, first).joining().ties_size() == 1);
}

TEST_CASE("fingerprints of yesterday's calls leave the index") {
  const TemporaryFolder folder;
  {
    const auto archive = open(folder / "archive");
    put(*archive, call_of("yesterday", -hours(13), ""));
    put(*archive, call_of("today", seconds(0), ""));
  }
  CHECK(keys_of_kind(folder / "archive", 'e').size() == 1);
  reindex_all(folder / "archive");
  CHECK(keys_of_kind(folder / "archive", 'e').size() == 1);
}

// Leaves an index as schema 1 had it.
void make_schema_1(const std::string& directory) {
  rocksdb::DB* db = nullptr;
  REQUIRE(rocksdb::DB::Open(rocksdb::Options(), directory + "/index", &db).ok());
  std::vector<std::string> gone;
  {
    const std::unique_ptr<rocksdb::Iterator> at(db->NewIterator(rocksdb::ReadOptions()));
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
      if (at->key()[0] == 'v' || at->key()[0] == 'e') gone.push_back(at->key().ToString());
    }
  }
  for (const std::string& key : gone) REQUIRE(db->Delete(rocksdb::WriteOptions(), key).ok());
  REQUIRE(db->Put(rocksdb::WriteOptions(), schema_key(), "1").ok());
  delete db;
}

std::string schema_of(const std::string& directory) {
  rocksdb::DB* db = nullptr;
  REQUIRE(rocksdb::DB::OpenForReadOnly(rocksdb::Options(), directory + "/index", &db).ok());
  std::string schema;
  REQUIRE(db->Get(rocksdb::ReadOptions(), schema_key(), &schema).ok());
  delete db;
  return schema;
}

TEST_CASE("an index of schema 1 is read as it is, and becomes a later one by writing") {
  const TemporaryFolder folder;
  const std::string directory = folder / "archive";
  const std::string old = put(*open(directory), call_of("old", seconds(0), ""));
  make_schema_1(directory);
  CHECK(ids_of(*open(directory, OpenMode::kRead), {.conversation = old}) == Ids{"old"});
  CHECK(schema_of(directory) == "1");
  {
    const auto archive = open(directory);
    const std::string first = put(*archive, call_of("first", hours(1), kUuid));
    put(*archive, call_of("second", hours(1) + seconds(1), kUuid));
    CHECK(ids_of(*archive, {.conversation = first}) == Ids{"second", "first"});
    CHECK(ids_of(*archive, {.conversation = old}) == Ids{"old"});
  }
  CHECK(schema_of(directory) == std::to_string(kIndexSchema));
}

}  // namespace
}  // namespace koegura::store
