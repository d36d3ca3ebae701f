// The record's canonical JSON (protobuf's proto3 mapping, with the field names of record.proto).
#include "message_json.h"
#include "store/archive.h"

namespace koegura::store {

std::string to_json(const CallRecord& record) {
  // Cannot fail: strings are UTF-8 and times within years 1 to 9999 by construction.
  return message_json(record, DefaultFields::kPrinted).value_or("");
}

Result<CallRecord> from_json(std::string_view json) {
  CallRecord record;
  return parse_message_json(json, record)
      .map([&] { return std::move(record); })
      .map_error([](Error error) {
        error.message.insert(0, "the record ");
        return error;
      });
}

}  // namespace koegura::store
