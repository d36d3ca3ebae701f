#include "ulid.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>

namespace koegura::store {
namespace {

// The example of github.com/ulid/spec: 1469918176385 ms is "01ARYZ6S41".
TEST_CASE("the time of an id is written as the ULID specification's example is") {
  const Ulid ulid = make_ulid(Timestamp(std::chrono::milliseconds(1469918176385)), {});
  CHECK(ulid.text() == "01ARYZ6S410000000000000000");
}

TEST_CASE("the text of an id reads back as the same bytes") {
  Ulid ulid;
  for (unsigned i = 0; i < Ulid::kSize; ++i) ulid.bytes[i] = static_cast<std::uint8_t>(251 * i + 7);
  CHECK(ulid.text().size() == Ulid::kTextSize);
  CHECK(Ulid::parse(ulid.text()) == ulid);
  ulid.bytes.fill(0xFF);
  CHECK(ulid.text() == "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
  CHECK(Ulid::parse(ulid.text()) == ulid);
}

TEST_CASE("an id is read in any case and with the letters that people confuse with digits") {
  const auto plain = Ulid::parse("01ARYZ6S410000000000000011");
  REQUIRE(plain);
  CHECK(Ulid::parse("o1aryz6s4loooooooooooooo1i") == plain);
}

TEST_CASE("what is no id is refused") {
  CHECK_FALSE(Ulid::parse(""));
  CHECK_FALSE(Ulid::parse("01ARYZ6S41000000000000000"));    // too short
  CHECK_FALSE(Ulid::parse("01ARYZ6S4100000000000000000"));  // too long
  CHECK_FALSE(Ulid::parse("81ARYZ6S410000000000000000"));   // over 128 bits
  CHECK_FALSE(Ulid::parse("01ARYZ6S41000000000000000U"));   // not in the alphabet
}

TEST_CASE("ids sort by time, as bytes and as text") {
  const Ulid early = make_ulid(Timestamp(std::chrono::milliseconds(1000)), {0xFF});
  const Ulid late = make_ulid(Timestamp(std::chrono::milliseconds(1001)), {});
  CHECK(early < late);
  CHECK(early.text() < late.text());
}

TEST_CASE("ids of one millisecond sort by the nanosecond, whatever their hashes") {
  const Timestamp begin(std::chrono::milliseconds(1000));
  const Ulid first = make_ulid(begin + Duration(999'998), {0xFF, 0xFF});
  const Ulid second = make_ulid(begin + Duration(999'999), {});
  CHECK(first < second);
  CHECK(first.text().substr(0, 10) == second.text().substr(0, 10));
  CHECK(time_in(second) == begin);
}

TEST_CASE("calls that begin in one nanosecond have ids of their own") {
  const Timestamp begin(Duration(1'234'567));
  CHECK(make_ulid(begin, {0x01}) != make_ulid(begin, {0x02}));
  CHECK(make_ulid(begin, {0, 0, 0, 0, 0, 0, 0, 1}) != make_ulid(begin, {}));
}

TEST_CASE("the ids of a millisecond are all that begin within it, older ones too") {
  const Timestamp begin(std::chrono::milliseconds(1000));
  const UlidRange range = ulids_at(begin + Duration(500'000));
  CHECK(range.first == make_ulid(begin, {}));
  Ulid older = range.first;  // whose hash was ten bytes
  std::fill(older.bytes.begin() + 6, older.bytes.end(), std::uint8_t{0xFF});
  CHECK(range.last == older);
  CHECK(range.last < make_ulid(begin + std::chrono::milliseconds(1), {}));
}

TEST_CASE("a moment before 1970 still has an id") {
  CHECK(make_ulid(Timestamp(std::chrono::seconds(-5)), {}) == Ulid());
}

TEST_CASE("a prefix stands for exactly the ids that begin with it") {
  const auto range = ulids_with_prefix("01aryz");
  REQUIRE(range);
  CHECK(range->first.text() == "01ARYZ00000000000000000000");
  CHECK(range->last.text() == "01ARYZZZZZZZZZZZZZZZZZZZZZ");
  CHECK_FALSE(ulids_with_prefix("9"));
  CHECK_FALSE(ulids_with_prefix("01-"));
  CHECK_FALSE(ulids_with_prefix("01ARYZ6S4100000000000000000"));
}

}  // namespace
}  // namespace koegura::store
