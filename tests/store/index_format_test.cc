#include "index_format.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "call_facts.h"
#include "day_counts.h"
#include "index_upgrade.h"

namespace koegura::store {
namespace {

Ulid at(int milliseconds) {
  return make_ulid(Timestamp(std::chrono::milliseconds(milliseconds)), {1, 0, 2});
}

std::string outcome_key(const CallRecord& record, const Ulid& id) {
  return term_key(term_prefix(KeyKind::kOutcome, std::string(1, facts_of(record).outcome)), id);
}

TEST_CASE("calls lie in order of time") {
  CHECK(call_key(at(255)) < call_key(at(256)));
  CHECK(id_of_call_key(call_key(at(256))) == at(256));
  CHECK_FALSE(id_of_call_key("c"));
  CHECK_FALSE(id_of_call_key(term_key(term_prefix(KeyKind::kNumber, "1"), at(1)).substr(0, 17)));
}

TEST_CASE("within a term the newest call comes first, and terms do not mix") {
  const std::string number = term_prefix(KeyKind::kNumber, "2301");
  CHECK(term_key(number, at(2)) < term_key(number, at(1)));
  const std::string longer = term_prefix(KeyKind::kNumber, "23011");
  CHECK(term_key(number, at(0)) < term_key(longer, at(9)));
  CHECK(term_prefix(KeyKind::kDepartment, "2301") != number);
}

TEST_CASE("a term's key reads back, whatever bytes the id has") {
  const std::string prefix = term_prefix(KeyKind::kNumber, "+81312345678");
  const std::string key = term_key(prefix, at(0));
  const auto entry = parse_term_key(key);
  REQUIRE(entry);
  CHECK(entry->term_prefix == prefix);
  CHECK(entry->id == at(0));
  CHECK_FALSE(parse_term_key("n"));
  CHECK_FALSE(parse_term_key(key.substr(1 + 12 + 1)));  // without its term
}

TEST_CASE("a term is cut at its limit and at a zero byte") {
  CHECK(term_prefix(KeyKind::kPerson, std::string(500, 'x')).size() == 1 + kMaxTermSize + 1);
  CHECK(term_prefix(KeyKind::kPerson, std::string("a\0b", 3)) ==
        term_prefix(KeyKind::kPerson, "a"));
}

TEST_CASE("numbers lie reversed for suffixes") {
  CHECK(reversed_number("+81312345678") == "87654321318+");
  CHECK(reversed_number("+81312345678").starts_with(reversed_number("5678")));
}

TEST_CASE("a record's keys name every number, department and person of its parties") {
  CallRecord record;
  record.mutable_caller()->set_number("+81312345678");
  record.mutable_callee()->set_number("Alice");
  record.mutable_callee()->set_department("tax");
  record.mutable_answered_by()->set_number("Alice");
  record.mutable_answered_by()->set_person("Sato");
  const std::vector<OwnKey> keys = keys_of(record, at(1));
  std::vector<std::string> expected{
      term_key(term_prefix(KeyKind::kNumber, "+81312345678"), at(1)),
      term_key(term_prefix(KeyKind::kNumber, "alice"), at(1)),
      term_key(term_prefix(KeyKind::kReversedNumber, "87654321318+"), at(1)),
      term_key(term_prefix(KeyKind::kReversedNumber, "ecila"), at(1)),
      term_key(term_prefix(KeyKind::kDepartment, "tax"), at(1)),
      term_key(term_prefix(KeyKind::kPerson, "sato"), at(1)),
      outcome_key(record, at(1))};
  std::vector<std::string> own;
  for (const OwnKey& key : keys) {
    own.push_back(key.key);
    CHECK(decode_facts(key.value)->facts == facts_of(record));
  }
  std::sort(own.begin(), own.end());
  std::sort(expected.begin(), expected.end());
  CHECK(own == expected);
}

TEST_CASE("who had been called before is found by number, too") {
  CallRecord record;
  record.mutable_caller()->set_number("+81312345678");
  record.add_diversions()->mutable_party()->set_number("2300");
  CHECK(number_terms(record) == std::vector<std::string>{"+81312345678", "2300"});
}

TEST_CASE("a later leg has a key of its conversation, the first one needs none") {
  const Ulid first = at(1);
  const Ulid later = at(2);
  CallRecord record;
  record.set_conversation(first.text());
  CHECK(keys_of(record, first).size() == 1);  // of its outcome
  const std::vector<OwnKey> keys = keys_of(record, later);
  REQUIRE(keys.size() == 2);
  const auto entry = parse_term_key(keys[1].key);
  REQUIRE(entry);
  CHECK(entry->term_prefix == conversation_prefix(first));
  CHECK(entry->id == later);
  record.set_conversation("no id");
  CHECK(keys_of(record, later).size() == 1);
}

TEST_CASE("an evidence key reads back, and no other key does") {
  CHECK(id_of_evidence_key(evidence_key(at(3))) == at(3));
  CHECK_FALSE(id_of_evidence_key(call_key(at(3))));
  CHECK_FALSE(id_of_call_key(evidence_key(at(3))));
}

TEST_CASE("facts read back, and whether their term was cut") {
  CallRecord record;
  for (const char* state : {"answered", "missed", "media-only", "of a later day", ""}) {
    for (const char* direction : {"in", "out", "internal", "unknown", "sideways"}) {
      record.set_state(state);
      record.set_direction(direction);
      for (const double seconds : {0.0, 0.1234, 59.9999, 1e6, 1e300, -1.0}) {
        record.set_duration_s(seconds);
        const CallFacts facts = facts_of(record);
        CHECK(facts.outcome != 0);
        const auto read = decode_facts(encode_facts(facts, seconds == 0));
        REQUIRE(read);
        CHECK(read->facts == facts);
        CHECK(read->is_cut == (seconds == 0));
        CHECK(facts.duration_ms.has_value() == (seconds >= 0 && seconds < 1e7));
      }
    }
  }
  CHECK_FALSE(decode_facts(""));  // a key of schema 3
  CHECK_FALSE(decode_facts("A"));
  CHECK_FALSE(decode_facts("A\xFF"));
}

TEST_CASE("no two outcomes have one code, but those of words that nobody knows yet") {
  CHECK(FactsFilter({}).outcomes().size() == 40);
  CHECK(FactsFilter({.state = "missed"}).outcomes().size() == 5);
  CHECK(FactsFilter({.state = "missed", .direction = "in"}).outcomes() ==
        std::string(1, outcome_of("missed", "in")));
  CHECK(outcome_of("x", "in") == outcome_of("y", "in"));
  CHECK(outcome_of("x", "in") != outcome_of("missed", "in"));
}

TEST_CASE("lengths near the limit are left to the record") {
  const FactsFilter longer({.longer_than = std::chrono::milliseconds(1500)});
  const auto verdict = [&](double seconds) {
    CallRecord record;
    record.set_duration_s(seconds);
    return longer(facts_of(record));
  };
  CHECK(verdict(1.4) == Verdict::kNo);
  CHECK(verdict(1.5) == Verdict::kUnknown);
  CHECK(verdict(1.5001) == Verdict::kUnknown);
  CHECK(verdict(1.6) == Verdict::kYes);
  CHECK(verdict(1e12) == Verdict::kUnknown);
}

TEST_CASE("a day's counts read back, in order of the days") {
  const DayCounts counts{{'A', 1}, {'C', 1500}, {'Z', 1ULL << 40U}};
  CHECK(decode_day_counts(encode_day_counts(counts)) == counts);
  CHECK(encode_day_counts({{'A', 0}}).empty());
  CHECK_FALSE(decode_day_counts("A"));
  CHECK(count_key(255) < count_key(256));
  CHECK(day_of_count_key(count_key(20'000)) == 20'000U);
  CHECK_FALSE(day_of_count_key(totals_key()));
  CHECK(day_of(at(86'399'999)) == 0);
  CHECK(day_of(at(86'400'000)) == 1);
}

TEST_CASE("a schema says how far an upgrade has come") {
  CHECK(parse_schema("4").is_current());
  CHECK_FALSE(parse_schema("3").is_current());
  CHECK(parse_schema("3").number == 3);
  const IndexSchema halfway = parse_schema("4 up to " + at(77).text());
  CHECK_FALSE(halfway.is_current());
  CHECK(halfway.is_up_to == at(77));
  for (const char* later : {"5", "4 and more", "4 up to nowhere", "", "four"}) {
    CHECK(parse_schema(later).number > kIndexSchema);
  }
}

TEST_CASE("totals read back, and nothing else does") {
  const auto totals = decode_totals(encode_totals({.calls = 2'700'000, .file_bytes = 1ULL << 42U}));
  REQUIRE(totals);
  CHECK(totals->calls == 2'700'000);
  CHECK(totals->file_bytes == 1ULL << 42U);
  CHECK_FALSE(decode_totals("3"));
}

}  // namespace
}  // namespace koegura::store
