// The record's canonical JSON (protobuf's proto3 mapping, with the field names of record.proto).
#include <google/protobuf/util/json_util.h>

#include "store/archive.h"
#include "utf8.h"

namespace koegura::store {

std::string to_json(const CallRecord& record) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  // Cannot fail: strings are UTF-8 and times within years 1 to 9999 by construction.
  const auto status = google::protobuf::util::MessageToJsonString(record, &json, options);
  return status.ok() ? json : std::string();
}

Result<CallRecord> from_json(std::string_view json) {
  // protobuf would complain of it on stderr.
  if (!is_utf8(json)) return failure("the record is not UTF-8");
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;  // of a newer program
  CallRecord record;
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), &record, options);
  if (!status.ok()) return failure("the record cannot be read: " + std::string(status.message()));
  return record;
}

}  // namespace koegura::store
