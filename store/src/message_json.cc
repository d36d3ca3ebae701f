#include "store/message_json.h"

#include <google/protobuf/util/json_util.h>

#include "plain_json.h"
#include "utf8.h"

namespace koegura::store {

Result<std::string> message_json(const google::protobuf::Message& message, DefaultFields defaults) {
  if (defaults == DefaultFields::kPrinted) {
    if (std::optional<std::string> json = plain_json(message)) return *std::move(json);
  }
  return protobuf_json(message, defaults);
}

Result<std::string> protobuf_json(const google::protobuf::Message& message,
                                  DefaultFields defaults) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = defaults == DefaultFields::kPrinted;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) return failure("is no JSON: " + status.ToString());
  return json;
}

Result<void> parse_message_json(std::string_view json, google::protobuf::Message& into,
                                UnknownFields unknown) {
  // protobuf would complain of it on stderr.
  if (!is_utf8(json)) return failure("is not UTF-8");
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = unknown == UnknownFields::kPassedOver;
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), &into, options);
  if (status.ok()) return {};
  const std::string said(status.message());  // with the text and a mark below it, on further lines
  return failure("cannot be read: " + said.substr(0, said.find('\n')));
}

}  // namespace koegura::store
