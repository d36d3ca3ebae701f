#include "index_format.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace koegura::store {
namespace {

Ulid at(int milliseconds) {
  return make_ulid(Timestamp(std::chrono::milliseconds(milliseconds)), {1, 0, 2});
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
  CHECK(reversed_number_key("+81312345678") == "r87654321318+");
  CHECK(reversed_number_key("+81312345678").starts_with(reversed_number_key("5678")));
}

TEST_CASE("a record's keys name every number, department and person of its parties") {
  CallRecord record;
  record.mutable_caller()->set_number("+81312345678");
  record.mutable_callee()->set_number("Alice");
  record.mutable_callee()->set_department("tax");
  record.mutable_answered_by()->set_number("Alice");
  record.mutable_answered_by()->set_person("Sato");
  const CallKeys keys = keys_of(record, at(1));
  std::vector<std::string> expected{term_key(term_prefix(KeyKind::kNumber, "+81312345678"), at(1)),
                                    term_key(term_prefix(KeyKind::kNumber, "alice"), at(1)),
                                    term_key(term_prefix(KeyKind::kDepartment, "tax"), at(1)),
                                    term_key(term_prefix(KeyKind::kPerson, "sato"), at(1))};
  std::vector<std::string> own = keys.own;
  std::sort(own.begin(), own.end());
  std::sort(expected.begin(), expected.end());
  CHECK(own == expected);
  CHECK(keys.shared ==
        std::vector{reversed_number_key("+81312345678"), reversed_number_key("alice")});
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
  CHECK(keys_of(record, first).own.empty());
  const CallKeys keys = keys_of(record, later);
  REQUIRE(keys.own.size() == 1);
  const auto entry = parse_term_key(keys.own[0]);
  REQUIRE(entry);
  CHECK(entry->term_prefix == conversation_prefix(first));
  CHECK(entry->id == later);
  record.set_conversation("no id");
  CHECK(keys_of(record, later).own.empty());
}

TEST_CASE("an evidence key reads back, and no other key does") {
  CHECK(id_of_evidence_key(evidence_key(at(3))) == at(3));
  CHECK_FALSE(id_of_evidence_key(call_key(at(3))));
  CHECK_FALSE(id_of_call_key(evidence_key(at(3))));
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
