// json: protobuf messages as the JSON that --json prints.
#pragma once

#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>

#include <string>
#include <string_view>

#include "capture/error.h"
#include "capture/time.h"

namespace koegura::tools {

// One line without its end. All fields, the empty ones too, so that a program finds what it asks
// for. REQUIRES: strings are UTF-8 (printable()).
[[nodiscard]] std::string json_of(const google::protobuf::Message& message);
[[nodiscard]] Result<void> parse_json(std::string_view json, google::protobuf::Message& message);

void set_time(google::protobuf::Timestamp& into, Timestamp time);
[[nodiscard]] Timestamp time_of(const google::protobuf::Timestamp& time);

}  // namespace koegura::tools
