#include "json.h"

#include <google/protobuf/util/json_util.h>

namespace koegura::tools {

namespace {

constexpr long long kNsPerSecond = 1'000'000'000;

}  // namespace

std::string json_of(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  return status.ok() ? json : "{}";
}

Result<void> parse_json(std::string_view json, google::protobuf::Message& message) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;  // written by a newer koegura
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), &message, options);
  if (status.ok()) return {};
  return failure(status.ToString());
}

void set_time(google::protobuf::Timestamp& into, Timestamp time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  into.set_seconds(seconds.time_since_epoch().count());
  into.set_nanos(static_cast<int>((time - seconds).count()));
}

Timestamp time_of(const google::protobuf::Timestamp& time) {
  return from_unix_ns(time.seconds() * kNsPerSecond + time.nanos());
}

}  // namespace koegura::tools
