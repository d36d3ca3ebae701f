// Counts and rows of an index that calls come to, change in and go from, against a plain list of
// the same calls; by the keys that it has, by those that an older program left, and after these
// were made up for.
#include <doctest/doctest.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <random>

#include "call_builder.h"
#include "index.h"
#include "index_format.h"
#include "index_upgrade.h"
#include "name_term.h"
#include "query.h"
#include "record.h"
#include "store/number.h"
#include "temporary_folder.h"
#include "text_terms.h"

namespace koegura::store {
namespace {

using Access = IndexOptions::Access;
using std::chrono::hours;

std::unique_ptr<Index> open(const std::string& folder, Access access = Access::kWrite) {
  auto index = Index::open(folder, {.access = access, .sync = false});
  if (!index) FAIL(index.error().message);
  return std::move(*index);
}

class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  unsigned below(unsigned limit) { return std::uniform_int_distribution(0U, limit - 1)(random_); }
  bool one_in(unsigned sides) { return below(sides) == 0; }
  template <typename T>
  const T& of(const std::vector<T>& list) {
    return list[below(static_cast<unsigned>(list.size()))];
  }

 private:
  std::mt19937 random_;
};

// Midnight in UTC, so that days are whole.
constexpr Timestamp kMidnight = Timestamp(hours(24) * 20'000);
const std::vector<std::string> kNumbers{"0312345678", "0312349999", "09012345678", "2301", "alice"};

// What is written on calls, and which of it each question finds.
const std::vector<std::string> kNotes{
    "", "", "", "shouted at the clerk", "Refund asked #urgent", "怒鳴る声、IT推進課 #カスハラ"};
const std::map<std::string, std::vector<std::size_t>> kTexts{
    {"clerk", {3}}, {"the SHOUTED", {3}}, {"refund #urgent", {4}}, {"clerk refund", {}},
    {"鳴る", {5}},  {"＃カスハラ", {5}},  {"shout", {3}},          {"#shouted", {}}};
const std::map<std::string, std::size_t> kTags{{"urgent", 4}, {"#ｶｽﾊﾗ", 5}};

Timestamp some_time(Dice& dice) {
  if (dice.one_in(40)) return Timestamp(-hours(dice.below(50)));      // before 1970
  if (dice.one_in(10)) return kMidnight + hours(24) * dice.below(5);  // a day's first moment
  if (dice.one_in(10)) return kMidnight + hours(24) * dice.below(5) - Duration(1);
  return kMidnight + std::chrono::milliseconds(dice.below(5 * 86'400)) * 1000 +
         Duration(dice.below(3));
}

CallRecord some_call(Dice& dice, int number) {
  CallBuilder call("c" + std::to_string(number));
  call.starting(some_time(dice)).from(dice.of(kNumbers)).to(dice.of(kNumbers));
  call.lasting(std::chrono::milliseconds(dice.below(3000)));
  if (dice.one_in(3)) {
    call.call().links.session_ids = {std::string(31, 'a') + std::to_string(dice.below(6))};
  }
  CallRecord record = make_record(call.build(), {});
  record.set_state(
      dice.of<std::string>({"answered", "answered", "missed", "busy", "of a later day"}));
  record.set_direction(dice.of<std::string>({"in", "out", "internal", "unknown", "sideways"}));
  record.mutable_callee()->set_department(
      dice.of<std::string>({"税務課", "水道課", std::string(200, 'x')}));
  record.mutable_callee()->set_person(dice.of<std::string>({"", "山田", "佐藤"}));
  record.mutable_caller()->set_withheld(dice.of<std::string>({"", "", "Anonymous", "Unavailable"}));
  if (const std::string& note = dice.of(kNotes); !note.empty()) {
    record.add_notes()->set_text(note);
    for (const std::string& tag : tags_in(note)) record.add_tags(tag);
  }
  return record;
}

template <typename Of>
const std::string& some_key(Dice& dice, const std::map<std::string, Of>& of) {
  return std::next(of.begin(), dice.below(static_cast<unsigned>(of.size())))->first;
}

CallFilter some_filter(Dice& dice) {
  CallFilter filter;
  if (dice.one_in(6)) filter.text = some_key(dice, kTexts);
  if (dice.one_in(8)) filter.tag = some_key(dice, kTags);
  if (dice.one_in(2)) filter.from = some_time(dice);
  if (dice.one_in(2)) filter.to = some_time(dice);
  if (dice.one_in(3)) {
    filter.number =
        dice.of<std::string>({"03-1234-5678", "2301", "*5678", "0312*", "*1234*", "ALICE", "*"});
  }
  if (dice.one_in(3)) filter.state = dice.of<std::string>({"answered", "missed", "of a later day"});
  if (dice.one_in(3)) filter.direction = dice.of<std::string>({"in", "sideways", "internal"});
  if (dice.one_in(5))
    filter.department =
        dice.of<std::string>({"税務課", std::string(200, 'x'), std::string(200, 'x') + "y"});
  if (dice.one_in(5)) filter.person = "山田";
  if (dice.one_in(6)) filter.withheld = dice.of<std::string>({"any", "非通知", "unavailable"});
  if (dice.one_in(5)) filter.longer_than = std::chrono::milliseconds(dice.below(3000));
  if (dice.one_in(5)) filter.shorter_than = std::chrono::milliseconds(dice.below(3000));
  filter.oldest_first = dice.one_in(2);
  if (dice.one_in(6)) filter.limit = 1 + dice.below(20);
  return filter;
}

bool has_words(const CallFilter& filter, const CallRecord& record) {
  const std::string note = record.notes().empty() ? "" : record.notes(0).text();
  const auto is_note = [&](std::size_t number) { return note == kNotes[number]; };
  if (!filter.tag.empty() && !is_note(kTags.at(filter.tag))) return false;
  if (filter.text.empty()) return true;
  const std::vector<std::size_t>& found = kTexts.at(filter.text);
  return std::any_of(found.begin(), found.end(), is_note);
}

// As the filter's comments say it, on the record alone.
bool is_wanted(const CallFilter& filter, const CallRecord& record) {
  const Timestamp start = from_proto(record.start());
  const NumberPattern number = parse_number_pattern(filter.number, "JP");
  const auto is_of = [&](const Party& party) {
    return number.matches(number_term(party.number()));
  };
  const std::map<std::string, std::string> withheld{
      {"any", ""}, {"非通知", "Anonymous"}, {"unavailable", "Unavailable"}};
  const std::string& reason = record.caller().withheld();
  return (!filter.from || start >= *filter.from) && (!filter.to || start < *filter.to) &&
         (is_of(record.caller()) || is_of(record.callee())) &&
         (filter.state.empty() || record.state() == filter.state) &&
         (filter.direction.empty() || record.direction() == filter.direction) &&
         (filter.department.empty() || record.callee().department() == filter.department) &&
         (filter.person.empty() || record.callee().person() == filter.person) &&
         (filter.withheld.empty() ||
          (filter.withheld == "any" ? !reason.empty() : reason == withheld.at(filter.withheld))) &&
         (!filter.longer_than || record.duration_s() > to_seconds(*filter.longer_than)) &&
         (!filter.shorter_than || record.duration_s() < to_seconds(*filter.shorter_than)) &&
         (filter.conversation.empty() || record.conversation() == filter.conversation) &&
         has_words(filter, record);
}

class Model {
 public:
  // What people wrote on a call stays when it is archived again.
  void put(CallRecord record) {
    if (const auto old = calls_.find(record.id()); old != calls_.end()) {
      *record.mutable_notes() = old->second.notes();
      *record.mutable_tags() = old->second.tags();
    }
    calls_[record.id()] = std::move(record);
  }
  void remove(const std::string& id) { calls_.erase(id); }
  [[nodiscard]] std::size_t size() const { return calls_.size(); }
  [[nodiscard]] const CallRecord& any(Dice& dice) const {
    return std::next(calls_.begin(), dice.below(static_cast<unsigned>(size())))->second;
  }

  // Gives how many filters found some.
  std::size_t check(const Index& index, Dice& dice, int filters) {
    learn_conversations(index);
    std::size_t found_any = 0;
    for (int i = 0; i < filters; ++i) {
      CallFilter filter = some_filter(dice);
      if (dice.one_in(8)) filter.conversation = any(dice).conversation();
      std::vector<std::string> expected;
      for (const auto& [id, record] : calls_) {
        if (is_wanted(filter, record)) expected.push_back(id);
      }
      if (!filter.oldest_first) std::reverse(expected.begin(), expected.end());
      if (filter.limit != 0 && expected.size() > filter.limit) expected.resize(filter.limit);
      std::vector<std::string> found;
      REQUIRE(query_index(index, filter, "JP", [&](const CallRecord& record) {
        found.push_back(record.id());
        return true;
      }));
      CAPTURE(filter.text);
      CAPTURE(filter.tag);
      CAPTURE(filter.conversation);
      CHECK(found == expected);
      CHECK(count_index(index, filter, "JP").value_or(SIZE_MAX) == expected.size());
      if (!expected.empty()) ++found_any;
    }
    return found_any;
  }

 private:
  // What the index made of them, it alone knows.
  void learn_conversations(const Index& index) {
    REQUIRE(query_index(index, {}, "JP", [&](const CallRecord& record) {
      calls_.at(record.id()).set_conversation(record.conversation());
      return true;
    }));
  }

  std::map<std::string, CallRecord> calls_;  // by id, which is by time
};

// Calls come, are replaced and go.
void live(Index& index, Model& model, Dice& dice, int steps) {
  for (int step = 0; step < steps; ++step) {
    if (model.size() > 20 && dice.one_in(4)) {
      const std::string id = model.any(dice).id();
      REQUIRE(index.remove(*Ulid::parse(id), 1000));
      model.remove(id);
      continue;
    }
    CallRecord record = some_call(dice, step);
    if (model.size() > 20 && dice.one_in(4)) {
      const CallRecord& old = model.any(dice);
      record.set_id(old.id());
      *record.mutable_start() = old.start();
    }
    REQUIRE(index.add(record, 1000));
    model.put(std::move(record));
  }
}

// What a program of schema 3 would have left: its keys, without facts.
void make_older(const std::string& folder) {
  rocksdb::DB* db = nullptr;
  REQUIRE(rocksdb::DB::Open(rocksdb::Options(), folder, &db).ok());
  rocksdb::WriteBatch batch;
  {
    const std::unique_ptr<rocksdb::Iterator> at(db->NewIterator(rocksdb::ReadOptions()));
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
      const char kind = at->key()[0];
      if (kind == 's' || kind == 't' || kind == 'k') batch.Delete(at->key());
      if (kind == 'r') {
        batch.Delete(at->key());
        batch.Put({at->key().data(), at->key().size() - 1 - Ulid::kSize}, {});
      }
      if (kind == 'n' || kind == 'd' || kind == 'p' || kind == 'v') batch.Put(at->key(), {});
    }
  }
  batch.Put(schema_key(), "3");
  REQUIRE(db->Write(rocksdb::WriteOptions(), &batch).ok());
  delete db;
}

std::map<std::string, std::string> all_keys(const Index& index) {
  std::map<std::string, std::string> all;
  const auto cursor = index.cursor();
  REQUIRE(cursor);
  for ((*cursor)->seek(""); (*cursor)->valid(); (*cursor)->next()) {
    all.emplace((*cursor)->key(), (*cursor)->value());
  }
  return all;
}

TEST_CASE("rows and counts are those of a plain list, whatever came and went") {
  const TemporaryFolder folder;
  Dice dice(20261129);
  Model model;
  const auto index = open(folder.path());
  std::size_t found_any = 0;
  for (int round = 0; round < 6; ++round) {
    live(*index, model, dice, 120);
    found_any += model.check(*index, dice, 120);
  }
  CHECK(model.size() > 200);
  CHECK(found_any > 200);  // or the comparison proves nothing
  CHECK(index->totals()->calls == model.size());
  CHECK(count_index(*index, {}, "JP").value_or(0) == model.size());
}

// Cuts an upgrade short behind so many of its batches, as a kill would.
void upgrade_in_part(const std::string& folder, int batches) {
  rocksdb::DB* db = nullptr;
  REQUIRE(rocksdb::DB::Open(rocksdb::Options(), folder, &db).ok());
  const std::unique_ptr<rocksdb::DB> owner(db);
  const auto reader = open(folder, Access::kRead);
  std::string schema;
  REQUIRE(db->Get(rocksdb::ReadOptions(), schema_key(), &schema).ok());
  const auto write = [&](const std::vector<KeyChange>& changes) -> Result<void> {
    if (batches-- == 0) return failure("killed");
    rocksdb::WriteBatch batch;
    for (const KeyChange& change : changes) {
      change.value ? batch.Put(change.key, *change.value) : batch.Delete(change.key);
    }
    REQUIRE(db->Write(rocksdb::WriteOptions(), &batch).ok());
    REQUIRE(reader->totals());  // the reader sees it from now on
    return {};
  };
  const Result<void> done = derive_keys(*reader, parse_schema(schema), write);
  REQUIRE_FALSE(done);
  CHECK(done.error().message == "killed");
}

TEST_CASE("an upgrade that is killed goes on where it was, and readers answer meanwhile") {
  const TemporaryFolder folder;
  Dice dice(11);
  Model model;
  std::map<std::string, std::string> keys;
  {
    const auto index = open(folder.path());
    live(*index, model, dice, 1500);
    keys = all_keys(*index);
  }
  make_older(folder.path());
  for (int batches = 0; batches < 5; ++batches) {
    upgrade_in_part(folder.path(), batches);
    const auto reader = open(folder.path(), Access::kRead);
    CHECK_FALSE(reader->has_derived_keys().value_or(true));
    model.check(*reader, dice, 15);
  }
  const auto index = open(folder.path());
  CHECK(all_keys(*index) == keys);
  CHECK(model.check(*index, dice, 50) > 10);
}

TEST_CASE(
    "an older index answers the same to a reader, and has the same keys once it was opened to "
    "write") {
  const TemporaryFolder folder;
  Dice dice(7);
  Model model;
  std::map<std::string, std::string> keys;
  {
    const auto index = open(folder.path());
    live(*index, model, dice, 700);
    keys = all_keys(*index);
  }
  make_older(folder.path());
  const auto reader = open(folder.path(), Access::kRead);
  CHECK_FALSE(reader->has_derived_keys().value_or(true));
  CHECK(model.check(*reader, dice, 150) > 40);
  const auto index = open(folder.path());
  CHECK(all_keys(*index) == keys);
  CHECK(model.check(*index, dice, 150) > 40);
  CHECK(reader->has_derived_keys().value_or(false));  // beside the writer
  CHECK(model.check(*reader, dice, 50) > 10);
}

}  // namespace
}  // namespace koegura::store
