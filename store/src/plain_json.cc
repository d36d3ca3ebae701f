#include "plain_json.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace koegura::store {

namespace {

// Bytes of the character that text begins with, 0 if protobuf might escape it. Of Unicode beyond
// ASCII: U+3000 to U+9FFF (kana, kanji) and U+FF00 to U+FFBF (full and half width forms).
std::size_t plain_character(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
  if (byte(0) < 0x80) {
    const bool is_escaped = byte(0) < 0x20 || byte(0) == 0x7f || text[0] == '"' ||
                            text[0] == '\\' || text[0] == '<' || text[0] == '>';
    return is_escaped ? 0 : 1;
  }
  if (text.size() < 3 || (byte(1) & 0xc0U) != 0x80 || (byte(2) & 0xc0U) != 0x80) return 0;
  const bool is_japanese = (byte(0) >= 0xe3 && byte(0) <= 0xe9) ||
                           (byte(0) == 0xef && byte(1) >= 0xbc && byte(1) <= 0xbe);
  return is_japanese ? 3 : 0;
}

// protobuf prepares a place for each field that it always prints, and for messages. Others come
// behind all of these as it meets them: times, and what is `optional`.
bool comes_late(const google::protobuf::FieldDescriptor& field) {
  if (field.is_repeated()) return false;
  if (field.message_type() == nullptr) return field.has_presence();
  return field.message_type() == google::protobuf::Timestamp::descriptor();
}

class PlainJson {
  using FieldDescriptor = google::protobuf::FieldDescriptor;
  using Message = google::protobuf::Message;
  using Kind = FieldDescriptor::CppType;

 public:
  // False: there is something in it that is not plain.
  [[nodiscard]] bool add(const Message& message);
  [[nodiscard]] std::string take() { return std::move(json_); }

 private:
  [[nodiscard]] bool add_fields(const Message& message, bool late);
  [[nodiscard]] bool add_field(const Message& message, const FieldDescriptor& field);
  [[nodiscard]] bool add_list(const Message& message, const FieldDescriptor& field);
  [[nodiscard]] bool add_one(const Message& message, const FieldDescriptor& field);
  [[nodiscard]] bool add_value(const Message& value);
  [[nodiscard]] bool add_word(std::string_view word);
  [[nodiscard]] bool add_double(double value);
  [[nodiscard]] bool add_time(const google::protobuf::Timestamp& time);

  template <typename Integer>
  [[nodiscard]] bool add_number(Integer value) {
    std::array<char, 24> text{};
    const auto end = std::to_chars(text.begin(), text.end(), value).ptr;
    json_.append(text.begin(), end);
    return true;
  }
  // Of 64 bits: beyond 2^53 a reader's number would not be exact.
  template <typename Integer>
  [[nodiscard]] bool add_quoted(Integer value) {
    json_ += '"';
    const bool added = add_number(value);
    json_ += '"';
    return added;
  }

  std::string json_;
  std::string scratch_;
};

bool PlainJson::add(const Message& message) {
  json_ += '{';
  const bool added = add_fields(message, /*late=*/false) && add_fields(message, /*late=*/true);
  json_ += '}';
  return added;
}

bool PlainJson::add_fields(const Message& message, bool late) {
  const google::protobuf::Descriptor& type = *message.GetDescriptor();
  int number = 0;  // of the field before
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (comes_late(field) != late) continue;
    if (field.has_presence() && !message.GetReflection()->HasField(message, &field)) continue;
    if (late && field.number() < number) return false;  // it meets them by their numbers
    number = field.number();
    if (json_.back() != '{') json_ += ',';
    json_ += '"';
    json_ += field.name();
    json_ += "\":";
    if (!add_field(message, field)) return false;
  }
  return true;
}

bool PlainJson::add_field(const Message& message, const FieldDescriptor& field) {
  // Words and bytes are one kind of C++, and not of JSON.
  if (field.is_map() || field.type() == FieldDescriptor::TYPE_BYTES) return false;
  return field.is_repeated() ? add_list(message, field) : add_one(message, field);
}

bool PlainJson::add_list(const Message& message, const FieldDescriptor& field) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  json_ += '[';
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    if (i > 0) json_ += ',';
    bool added = false;
    if (field.cpp_type() == Kind::CPPTYPE_MESSAGE) {
      added = add_value(reflection.GetRepeatedMessage(message, &field, i));
    } else if (field.cpp_type() == Kind::CPPTYPE_STRING) {
      added = add_word(reflection.GetRepeatedStringReference(message, &field, i, &scratch_));
    }
    if (!added) return false;
  }
  json_ += ']';
  return true;
}

bool PlainJson::add_one(const Message& message, const FieldDescriptor& field) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case Kind::CPPTYPE_INT32:
      return add_number(reflection.GetInt32(message, &field));
    case Kind::CPPTYPE_UINT32:
      return add_number(reflection.GetUInt32(message, &field));
    case Kind::CPPTYPE_INT64:
      return add_quoted(reflection.GetInt64(message, &field));
    case Kind::CPPTYPE_UINT64:
      return add_quoted(reflection.GetUInt64(message, &field));
    case Kind::CPPTYPE_DOUBLE:
      return add_double(reflection.GetDouble(message, &field));
    case Kind::CPPTYPE_STRING:
      return add_word(reflection.GetStringReference(message, &field, &scratch_));
    case Kind::CPPTYPE_MESSAGE:
      return add_value(reflection.GetMessage(message, &field));
    case Kind::CPPTYPE_BOOL:
      json_ += reflection.GetBool(message, &field) ? "true" : "false";
      return true;
    default:
      return false;
  }
}

bool PlainJson::add_value(const Message& value) {
  if (value.GetDescriptor() == google::protobuf::Timestamp::descriptor()) {
    return add_time(static_cast<const google::protobuf::Timestamp&>(value));
  }
  // The other types that have a JSON of their own.
  if (value.GetDescriptor()->file()->package() == "google.protobuf") return false;
  return add(value);
}

bool PlainJson::add_word(std::string_view word) {
  json_ += '"';
  json_ += word;
  json_ += '"';
  while (!word.empty()) {
    const std::size_t size = plain_character(word);
    if (size == 0) return false;
    word.remove_prefix(size);
  }
  return true;
}

// As protobuf does: 15 digits, and 17 where these are not enough to have the number back.
bool PlainJson::add_double(double value) {
  if (!std::isfinite(value)) return false;
  std::array<char, 32> text{};
  char* end = nullptr;
  for (const int digits : {15, 17}) {
    end = std::to_chars(text.begin(), text.end(), value, std::chars_format::general, digits).ptr;
    double back = 0;
    const auto read = std::from_chars(text.begin(), end, back);
    if (read.ec == std::errc() && back == value) break;
  }
  json_.append(text.begin(), end);
  return true;
}

bool PlainJson::add_time(const google::protobuf::Timestamp& time) {
  using google::protobuf::util::TimeUtil;
  constexpr int kNanosASecond = 1'000'000'000;
  const bool is_valid = time.seconds() >= TimeUtil::kTimestampMinSeconds &&
                        time.seconds() <= TimeUtil::kTimestampMaxSeconds && time.nanos() >= 0 &&
                        time.nanos() < kNanosASecond;
  if (!is_valid) return false;
  json_ += '"';
  json_ += TimeUtil::ToString(time);
  json_ += '"';
  return true;
}

}  // namespace

std::optional<std::string> plain_json(const google::protobuf::Message& message) {
  PlainJson json;
  if (!json.add(message)) return std::nullopt;
  return json.take();
}

}  // namespace koegura::store
