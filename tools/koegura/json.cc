#include "json.h"

#include "store/message_json.h"

namespace koegura::tools {

namespace {

constexpr long long kNsPerSecond = 1'000'000'000;

}  // namespace

std::string json_of(const google::protobuf::Message& message) {
  return store::message_json(message, store::DefaultFields::kPrinted).value_or("{}");
}

Result<void> parse_json(std::string_view json, google::protobuf::Message& message) {
  return store::parse_message_json(json, message);
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
