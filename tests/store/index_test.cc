#include "index.h"

#include <doctest/doctest.h>
#include <rocksdb/db.h>

#include <map>
#include <random>
#include <vector>

#include "call_builder.h"
#include "record.h"
#include "temporary_folder.h"

namespace koegura::store {
namespace {

using Access = IndexOptions::Access;

CallRecord record_of(const std::string& call_id) {
  CallBuilder call(call_id);
  return make_record(call.build(), {});
}

std::unique_ptr<Index> open(const std::string& folder, Access access) {
  auto index = Index::open(folder, {.access = access});
  if (!index) FAIL(index.error().message);
  return std::move(*index);
}

// As a program of another day might leave the schema.
void write_schema(const std::string& folder, const std::string& schema) {
  rocksdb::DB* db = nullptr;
  REQUIRE(rocksdb::DB::Open(rocksdb::Options(), folder, &db).ok());
  REQUIRE(db->Put(rocksdb::WriteOptions(), schema_key(), schema).ok());
  delete db;
}

TEST_CASE("a record comes back as it was, unknown fields included") {
  const TemporaryFolder folder;
  CallRecord record = record_of("c1");
  record.clear_fingerprint();                           // which has a key of its own
  const std::string of_the_future = "\xFA\x3E\x03new";  // field 1007, a string
  REQUIRE(record.MergeFromString(of_the_future));
  const Ulid id = *Ulid::parse(record.id());
  REQUIRE(open(folder.path(), Access::kWrite)->add(record, 10));
  const auto index = open(folder.path(), Access::kRead);
  const auto found = index->get(id);
  REQUIRE(found);
  REQUIRE(*found);
  CHECK((*found)->SerializeAsString() == record.SerializeAsString());
  CHECK((*found)->SerializeAsString().find(of_the_future) != std::string::npos);
  CHECK(index->get(Ulid())->has_value() == false);
}

TEST_CASE(
    "what a later version wrote into a record stays when it is joined, noted or archived again") {
  const TemporaryFolder folder;
  const auto index = open(folder.path(), Access::kWrite);
  const std::string of_the_future = "\xFA\x3E\x03new";
  const auto leg = [&](const std::string& call_id) {
    CallBuilder call(call_id);
    call.call().links.session_ids = {std::string(32, 'b')};
    CallRecord record = make_record(call.build(), {});
    REQUIRE(record.MergeFromString(of_the_future));
    return record;
  };
  const CallRecord first = leg("c1");
  const CallRecord second = leg("c2");
  for (const CallRecord& record : {first, second, first}) REQUIRE(index->add(record, 10));
  CallRecord noted = second;
  noted.add_tags("vip");
  REQUIRE(index->annotate(noted));
  for (const CallRecord& record : {first, second}) {
    const auto found = index->get(*Ulid::parse(record.id()));
    REQUIRE(found);
    CHECK((*found)->joining().ties_size() == 1);
    CHECK((*found)->SerializeAsString().find(of_the_future) != std::string::npos);
  }
  CHECK(index->get(*Ulid::parse(second.id()))->value().tags(0) == "vip");
}

TEST_CASE("records that are picked at once are those that one by one would be read") {
  const TemporaryFolder folder;
  std::vector<Ulid> ids;
  {
    const auto index = open(folder.path(), Access::kBuild);
    for (int i = 0; i < 100; ++i) {
      const CallRecord record = record_of("c" + std::to_string(i));
      ids.push_back(*Ulid::parse(record.id()));
      REQUIRE(index->add(record, 10));
    }
    REQUIRE(index->finish());  // what comes after lies in the log
  }
  const auto writer = open(folder.path(), Access::kWrite);
  const auto reader = open(folder.path(), Access::kRead);
  const CallRecord late = record_of("late");
  REQUIRE(writer->add(late, 10));
  REQUIRE(writer->remove(ids.at(7), 10));
  REQUIRE(reader->totals()->calls == 100);  // it has seen both
  ids.push_back(*Ulid::parse(late.id()));
  ids.emplace_back();  // of no call
  ids.push_back(ids.at(3));
  for (const Index* index : {writer.get(), reader.get()}) {
    const auto picked = index->pick(ids);
    REQUIRE(picked);
    for (std::size_t at = 0; at < ids.size(); ++at) {
      CAPTURE(at);
      CallRecord record;
      const auto there = (*picked)->read(at, record);
      REQUIRE(there);
      CHECK(*there == (at != 7 && at != 101));
      const auto alone = index->get(ids.at(at));
      REQUIRE(alone);
      REQUIRE(alone->has_value() == *there);
      if (*there) CHECK(record.SerializeAsString() == (*alone)->SerializeAsString());
    }
    CHECK(index->pick({}).has_value());
  }
}

TEST_CASE("what was added without a sync is there after finish") {
  const TemporaryFolder folder;
  {
    const auto index = open(folder.path(), Access::kBuild);
    for (int i = 0; i < 100; ++i) REQUIRE(index->add(record_of("c" + std::to_string(i)), 10));
    REQUIRE(index->finish());
  }
  const auto totals = open(folder.path(), Access::kRead)->totals();
  REQUIRE(totals);
  CHECK(totals->calls == 100);
  CHECK(totals->file_bytes == 1000);
}

TEST_CASE("an index of a newer schema is refused, by reader and writer") {
  const TemporaryFolder folder;
  open(folder.path(), Access::kWrite);
  for (const char* schema : {"5", "17", "of another kind"}) {
    CAPTURE(schema);
    write_schema(folder.path(), schema);
    for (const Access access : {Access::kRead, Access::kWrite}) {
      const auto index = Index::open(folder.path(), {.access = access});
      REQUIRE_FALSE(index);
      CHECK(index.error().message.find("upgrade koegura") != std::string::npos);
    }
  }
}

// Every key and its value.
std::map<std::string, std::string> all_of(const Index& index) {
  std::map<std::string, std::string> all;
  const auto cursor = index.cursor();
  REQUIRE(cursor);
  for ((*cursor)->seek(""); (*cursor)->valid(); (*cursor)->next()) {
    all.emplace((*cursor)->key(), (*cursor)->value());
  }
  REQUIRE((*cursor)->status());
  return all;
}

// Calls of few numbers, most of them legs of few conversations.
std::vector<CallRecord> mixed_calls(int count) {
  std::mt19937 random(20261129);
  const auto below = [&](unsigned limit) {
    return std::uniform_int_distribution(0U, limit - 1)(random);
  };
  std::vector<CallRecord> calls;
  for (int i = 0; i < count; ++i) {
    CallBuilder call("c" + std::to_string(i));
    call.starting(kMorning + std::chrono::seconds(below(600)));
    call.from("031234" + std::to_string(5600 + below(20))).to(std::to_string(2300 + below(5)));
    const unsigned session = below(30);
    std::string uuid = std::to_string(session);
    uuid.insert(0, 32 - uuid.size(), 'a');
    if (session < 25) call.call().links.session_ids = {uuid};
    calls.push_back(make_record(call.build(), {}));
    calls.back().mutable_callee()->set_department(below(2) == 0 ? "tax" : "water");
  }
  return calls;
}

TEST_CASE("an index that calls were removed from is that of the calls which are left") {
  const TemporaryFolder folder;
  const auto index = open(folder / "a", Access::kWrite);
  const auto other = open(folder / "b", Access::kWrite);
  const std::vector<CallRecord> calls = mixed_calls(80);
  for (const CallRecord& call : calls) REQUIRE(index->add(call, 10));
  int joined = 0;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const Ulid id = *Ulid::parse(calls[i].id());
    const auto record = index->get(id);
    REQUIRE(record);
    if ((*record)->conversation() != (*record)->id()) ++joined;
    if (i % 3 == 0) continue;
    const Result<bool> removed = index->remove(id, 10);
    REQUIRE(removed);
    CHECK(*removed);
    CHECK_FALSE(index->get(id)->has_value());
  }
  CHECK(joined > 10);  // or the comparison says nothing of conversations
  for (std::size_t i = 0; i < calls.size(); i += 3) REQUIRE(other->add(calls[i], 10));
  const auto left = all_of(*index);
  const auto expected = all_of(*other);
  CHECK(left.size() == expected.size());
  for (const auto& entry : expected) {
    const std::string& key = entry.first;
    const auto& value = entry.second;
    const auto at = left.find(key);
    const bool is_same = at != left.end() && at->second == value;
    CHECK_MESSAGE(is_same, "key " << key);
  }
  CHECK(index->totals()->calls == 27);
  CHECK(index->totals()->file_bytes == 270);
  const Result<bool> again = index->remove(*Ulid::parse(calls[1].id()), 10);
  REQUIRE(again);
  CHECK_FALSE(*again);
  CHECK(index->totals()->calls == 27);
}

TEST_CASE("a call that was removed joins no later one, and the others stay together") {
  const TemporaryFolder folder;
  const auto index = open(folder.path(), Access::kWrite);
  const auto leg = [](const std::string& call_id, int second) {
    CallBuilder call(call_id);
    call.starting(kMorning + std::chrono::seconds(second));
    call.call().links.session_ids = {std::string(32, 'b')};
    return make_record(call.build(), {});
  };
  const CallRecord first = leg("c1", 0);
  const CallRecord second = leg("c2", 1);
  const CallRecord third = leg("c3", 2);
  const CallRecord fourth = leg("c4", 3);
  for (const CallRecord& record : {first, second, third}) REQUIRE(index->add(record, 10));
  REQUIRE(index->remove(*Ulid::parse(first.id()), 10));
  REQUIRE(index->add(fourth, 10));
  for (const CallRecord& record : {second, third, fourth}) {
    const auto found = index->get(*Ulid::parse(record.id()));
    REQUIRE(found);
    CHECK((*found)->conversation() == second.id());
    CHECK((*found)->joining().ties_size() == 2);
  }
}

TEST_CASE("a cursor keeps to what there was when it was made") {
  const TemporaryFolder folder;
  const auto index = open(folder.path(), Access::kWrite);
  REQUIRE(index->add(record_of("c1"), 10));
  const auto cursor = index->cursor();
  REQUIRE(cursor);
  REQUIRE(index->add(record_of("c2"), 10));
  int calls = 0;
  for ((*cursor)->seek("c"); (*cursor)->valid() && (*cursor)->key().starts_with("c");
       (*cursor)->next()) {
    ++calls;
  }
  CHECK(calls == 1);
  CHECK((*cursor)->status());
}

}  // namespace
}  // namespace koegura::store
