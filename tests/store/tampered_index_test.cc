// An index that somebody changed behind everybody's back, where no file tells of it: a call that is
// not found any more by what it is to be found by, and a tag by which it would be kept.
#include <doctest/doctest.h>
#include <rocksdb/db.h>

#include <filesystem>
#include <map>

#include "archive_with_ledger.h"
#include "index_format.h"
#include "store/directory_file.h"
#include "store/index_audit.h"

namespace koegura::store {
namespace {

using Keys = std::map<std::string, std::string>;

// Three calls, two of them of one conversation, with all that there are keys of.
class Tampered {
 public:
  Tampered() {
    ArchiveOptions options;
    options.internal_numbers = {"23??"};
    const auto archive = Archive::open(path, OpenMode::kWrite, options);
    REQUIRE(archive);
    write_content(directory_path(path),
                  "number,department,person,valid_from,valid_to\n2301,市民課,山田,,\n");
    for (int i = 0; i < 3; ++i) {
      CallBuilder call("c" + std::to_string(i));
      call.starting(kMorning + std::chrono::hours(24 * (i / 2)) + std::chrono::seconds(i));
      if (i < 2) call.call().links.session_ids = {std::string(32, 'a')};
      call.call().caller.withheld = "Anonymous";
      const auto added = (*archive)->put(call.build());
      REQUIRE(added);
      ids.push_back(added->id);
    }
    ArchiveChange change;
    change.mutable_note()->set_call(ids[1]);
    change.mutable_note()->set_text("折り返し #苦情 #harassment");
    REQUIRE((*archive)->change(change, "yamada"));
  }
  template <typename Do>
  void in_database(Do what) const {
    rocksdb::DB* db = nullptr;
    REQUIRE(rocksdb::DB::Open(rocksdb::Options(), path + "/index", &db).ok());
    what(*db);
    delete db;
  }
  [[nodiscard]] Keys keys() const {
    Keys keys;
    in_database([&](rocksdb::DB& db) {
      const std::unique_ptr<rocksdb::Iterator> at(db.NewIterator(rocksdb::ReadOptions()));
      for (at->SeekToFirst(); at->Valid(); at->Next()) {
        keys[at->key().ToString()] = at->value().ToString();
      }
    });
    return keys;
  }
  void put(const std::string& key, const std::string& value) const {
    in_database([&](rocksdb::DB& db) { REQUIRE(db.Put({}, key, value).ok()); });
  }
  void drop(const std::string& key) const {
    in_database([&](rocksdb::DB& db) { REQUIRE(db.Delete({}, key).ok()); });
  }
  [[nodiscard]] Faults faults() const {
    Faults found;
    const std::atomic<bool> stop = false;
    REQUIRE(audit_index(path, stop, [&](const IndexFault& fault) {
      found.push_back(fault.where + ": " + fault.what);
    }));
    return found;
  }

 private:
  TemporaryFolder folder_;

 public:
  std::string path = folder_ / "archive";
  std::vector<std::string> ids;
};

TEST_CASE("an index as it was written has nothing wrong with it, nor has one that was rebuilt") {
  const Tampered archive;
  CHECK(archive.faults() == Faults());
  REQUIRE(reindex(
      archive.path, {}, [](const std::string&, const Error&) {},
      [](std::uint64_t, std::uint64_t) {}));
  CHECK(archive.faults() == Faults());
  CHECK(all_faults(archive.path) == Faults());
}

TEST_CASE("each key that is gone, or tells other facts, is found, and the call named") {
  const Tampered archive;
  std::map<char, int> tried;
  for (const auto& [key, value] : archive.keys()) {
    if (std::string_view("ndprstv").find(key[0]) == std::string_view::npos) continue;
    const auto entry = parse_term_key(key);
    REQUIRE(entry);
    const char kind = key[0];
    ++tried[kind];
    CAPTURE(kind);
    archive.drop(key);
    Faults faults = archive.faults();
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].starts_with("call " + entry->id.text() + ": it is not found by "));
    archive.put(key, value + "x");
    faults = archive.faults();
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].starts_with("call " + entry->id.text() + ": its key by "));
    archive.put(key, value);
  }
  CHECK(tried.size() == 7);
  CHECK(archive.faults() == Faults());
}

TEST_CASE("a key that is no record's is found, and the call named that is found by it") {
  const Tampered archive;
  const Ulid id = *Ulid::parse(archive.ids[2]);
  const std::string facts = archive.keys().at(term_key(term_prefix(KeyKind::kNumber, "2301"), id));
  const std::string foreign = term_key(term_prefix(KeyKind::kNumber, "0999999999"), id);
  archive.put(foreign, facts);
  CHECK(archive.faults() ==
        Faults{"call " + archive.ids[2] + ": it is found by a number, which is not in its record"});
  archive.drop(foreign);
  archive.drop(call_key(id));
  const Faults faults = archive.faults();
  REQUIRE(faults.size() > 3);
  CHECK(faults[0].starts_with("day "));
  CHECK(faults[1] == "totals: it counts other calls than it has");
  for (std::size_t i = 2; i < faults.size(); ++i) {
    CHECK(faults[i].starts_with("call " + archive.ids[2] + ": it is found by "));
    CHECK(faults[i].ends_with("and has no record"));
  }
}

TEST_CASE("a day that counts other calls than it has is named, and so is one without its key") {
  const Tampered archive;
  for (const auto& [key, value] : archive.keys()) {
    if (key[0] != static_cast<char>(KeyKind::kCount)) continue;
    std::string more = value;
    ++more[1];
    archive.put(key, more);
    Faults faults = archive.faults();
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].starts_with("day 2026-11-2"));
    archive.drop(key);
    CHECK(archive.faults() == faults);
    archive.put(key, value);
  }
  Totals totals = *decode_totals(archive.keys().at(totals_key()));
  ++totals.calls;
  archive.put(totals_key(), encode_totals(totals));
  CHECK(archive.faults() == Faults{"totals: it counts other calls than it has"});
}

TEST_CASE("a tag or note that the index has and the file has not, or the other way, is found") {
  const Tampered archive;
  const Ulid id = *Ulid::parse(archive.ids[1]);
  CallRecord record;
  REQUIRE(record.ParseFromString(archive.keys().at(call_key(id))));
  SUBCASE("a tag is gone from the index: another rule counts") {
    record.mutable_tags()->RemoveLast();
  }
  SUBCASE("a tag that nobody wrote") {
    record.add_tags("vip");
  }
  SUBCASE("a note's words are others") {
    record.mutable_notes(0)->set_text("#苦情 #harassment");
  }
  SUBCASE("the note is gone from the index") {
    record.clear_notes();
    record.clear_tags();
  }
  {
    // With its keys, as they are to be.
    const auto index =
        Index::open(archive.path + "/index", {.access = IndexOptions::Access::kWrite});
    REQUIRE(index);
    REQUIRE((*index)->annotate(record));
  }
  CHECK(archive.faults() == Faults());
  CHECK(all_faults(archive.path) ==
        Faults{archive.ids[1] + ": the index has other notes or tags of it than were written"});
}

}  // namespace
}  // namespace koegura::store
