// plain_json beside protobuf's own printer, over random records.
#include "plain_json.h"

#include <doctest/doctest.h>
#include <google/protobuf/timestamp.pb.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

#include "record.pb.h"
#include "store/message_json.h"

namespace koegura::store {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string printed_by_protobuf(const Message& message) {
  const auto json = protobuf_json(message, DefaultFields::kPrinted);
  REQUIRE(json);
  return *json;
}

constexpr std::array kPlainWords = {"",
                                    "answered",
                                    "sip:0312345678@example.jp;user=phone",
                                    "市民課 窓口２",
                                    "ｶﾝｼﾞ と かな、「括弧」ー",
                                    "鿿　々 ~!#$%&'()*+,-./:=?@[]^_`{|}"};
// Each of them protobuf escapes, or may.
constexpr std::array kOtherWords = {
    "a \"word\"", "back\\slash", "<tag>",      "tab\there",  "del\x7f",
    "é",          "soft\u00ad",  "line\u2028", "\ufeffmark", "smile \U0001f600",
    "한국어",     "\u0600",      "\ufff9",     "\u0001"};

class RandomRecords {
 public:
  CallRecord next(bool is_plain) {
    is_plain_ = is_plain;
    CallRecord record;
    fill(record, 0);
    return record;
  }

 private:
  unsigned below(unsigned limit) { return std::uniform_int_distribution(0U, limit - 1)(random_); }

  std::string word() {
    if (!is_plain_ && below(20) == 0) return kOtherWords.at(below(kOtherWords.size()));
    return kPlainWords.at(below(kPlainWords.size()));
  }

  double number() {
    constexpr std::array kEdges = {0.0,
                                   -0.0,
                                   1e15,
                                   123456789012345678.0,
                                   1e16,
                                   1e-5,
                                   0.1,
                                   0.1 + 0.2,
                                   5e-324,
                                   std::numeric_limits<double>::max(),
                                   std::numeric_limits<double>::min()};
    const unsigned kind = below(4);
    if (kind == 0) return kEdges.at(below(kEdges.size()));
    if (kind == 1) return static_cast<double>(below(100'000)) / 100;
    if (kind == 2) return static_cast<double>(below(1U << 21U)) / 1024;
    const double any = std::bit_cast<double>((std::uint64_t{below(~0U)} << 32U) | below(~0U));
    return std::isfinite(any) ? any : 0;
  }

  void fill_time(google::protobuf::Timestamp& time) {
    constexpr std::array<std::int64_t, 6> kEdges = {
        -62'135'596'800, 253'402'300'799, 0, -1,
        951'782'400,     1'582'934'400};  // two 29ths of February
    time.set_seconds(below(2) == 0 ? kEdges.at(below(kEdges.size()))
                                   : 1'640'995'200 + std::int64_t{below(200'000'000)});
    constexpr std::array kUnits = {1, 1000, 1'000'000};
    if (below(4) > 0) time.set_nanos(static_cast<int>(below(1000)) * kUnits.at(below(3)));
  }

  void fill(Message& message, int depth) {
    const google::protobuf::Descriptor& type = *message.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (field.name() == "fingerprint") continue;  // has bytes and lists of numbers
      if (below(3) > 0) fill_field(message, field, depth);
    }
  }

  void fill_value(Message& value, int depth) {
    if (value.GetDescriptor() == google::protobuf::Timestamp::descriptor()) {
      fill_time(static_cast<google::protobuf::Timestamp&>(value));
    } else if (depth < 3) {
      fill(value, depth + 1);
    }
  }

  void fill_field(Message& message, const FieldDescriptor& field, int depth) {
    const google::protobuf::Reflection& to = *message.GetReflection();
    if (field.is_repeated()) {
      for (unsigned left = below(3); left > 0; --left) {
        if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
          to.AddString(&message, &field, word());
        } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
          fill_value(*to.AddMessage(&message, &field), depth);
        }
      }
      return;
    }
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return to.SetString(&message, &field, word());
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return to.SetDouble(&message, &field, number());
      case FieldDescriptor::CPPTYPE_BOOL:
        return to.SetBool(&message, &field, below(2) == 0);
      case FieldDescriptor::CPPTYPE_UINT32:
        return to.SetUInt32(&message, &field, below(~0U));
      case FieldDescriptor::CPPTYPE_INT32:
        return to.SetInt32(&message, &field, static_cast<int>(below(~0U)));
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return fill_value(*to.MutableMessage(&message, &field), depth);
      default:
        FAIL("a kind of field that this test does not know: " << field.full_name());
    }
  }

  bool is_plain_ = true;
  std::mt19937 random_{20261130};
};

TEST_CASE("plain records are printed as protobuf prints them, byte for byte") {
  RandomRecords records;
  for (int i = 0; i < 3000; ++i) {
    const CallRecord record = records.next(/*is_plain=*/true);
    const std::optional<std::string> json = plain_json(record);
    REQUIRE(json.has_value());
    REQUIRE(*json == printed_by_protobuf(record));
  }
}

TEST_CASE("of what protobuf escapes nothing is printed here") {
  for (const char* word : kOtherWords) {
    CAPTURE(word);
    CallRecord record;
    record.mutable_caller()->set_name(word);
    CHECK_FALSE(plain_json(record).has_value());
  }
  RandomRecords records;
  int plain = 0;
  for (int i = 0; i < 1000; ++i) {
    const CallRecord record = records.next(/*is_plain=*/false);
    const std::optional<std::string> json = plain_json(record);
    if (!json) continue;
    ++plain;
    REQUIRE(*json == printed_by_protobuf(record));
  }
  CHECK(plain > 0);
  CHECK(plain < 1000);
}

TEST_CASE("what is not plain is left to protobuf") {
  CallRecord record;
  SUBCASE("bytes") {
    record.mutable_fingerprint()->set_caller_levels("\x01\x02");
  }
  SUBCASE("lists of numbers") {
    record.mutable_fingerprint()->add_streams()->add_hashes(7);
  }
  SUBCASE("no number") {
    record.set_duration_s(std::numeric_limits<double>::quiet_NaN());
  }
  SUBCASE("infinity") {
    record.set_talk_s(-std::numeric_limits<double>::infinity());
  }
  SUBCASE("a year before 1") {
    record.mutable_start()->set_seconds(-62'135'596'801);
  }
  SUBCASE("a year after 9999") {
    record.mutable_start()->set_seconds(253'402'300'800);
  }
  SUBCASE("no nanoseconds") {
    record.mutable_start()->set_nanos(-1);
  }
  SUBCASE("no UTF-8") {
    record.set_call_id("\xe3\x81");
  }
  CHECK_FALSE(plain_json(record).has_value());
}

TEST_CASE("an empty record has its words and numbers, and no messages") {
  const CallRecord record;
  CHECK(plain_json(record) == printed_by_protobuf(record));
}

}  // namespace
}  // namespace koegura::store
