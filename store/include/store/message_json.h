// message_json: a protobuf message as one line of its canonical JSON, with the field names of its
// .proto, and back.
//
// Free-threaded.
#pragma once

#include <string>
#include <string_view>

#include "capture/error.h"

namespace google::protobuf {
class Message;
}

namespace koegura::store {

enum class DefaultFields : unsigned char { kLeftOut, kPrinted };  // numbers, words, flags
// Fails on strings that are no UTF-8 and times beyond the year 9999.
[[nodiscard]] Result<std::string> message_json(const google::protobuf::Message& message,
                                               DefaultFields defaults = DefaultFields::kLeftOut);
// The same text, by protobuf's printer alone: what the faster one (plain_json) is held to.
[[nodiscard]] Result<std::string> protobuf_json(const google::protobuf::Message& message,
                                                DefaultFields defaults);

enum class UnknownFields : unsigned char { kPassedOver, kRefused };  // of a newer program
// The error goes behind a subject: "is not UTF-8", "cannot be read: ...".
[[nodiscard]] Result<void> parse_message_json(std::string_view json,
                                              google::protobuf::Message& into,
                                              UnknownFields unknown = UnknownFields::kPassedOver);

}  // namespace koegura::store
