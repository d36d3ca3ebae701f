#include "index.h"

#include <doctest/doctest.h>
#include <rocksdb/db.h>

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
  for (const char* schema : {"3", "17", "of another kind"}) {
    CAPTURE(schema);
    write_schema(folder.path(), schema);
    for (const Access access : {Access::kRead, Access::kWrite}) {
      const auto index = Index::open(folder.path(), {.access = access});
      REQUIRE_FALSE(index);
      CHECK(index.error().message.find("upgrade koegura") != std::string::npos);
    }
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
