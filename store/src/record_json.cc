// The record's canonical JSON (protobuf's proto3 mapping, with the field names of record.proto).
#include "json_members.h"
#include "store/archive.h"
#include "store/message_json.h"

namespace koegura::store {

namespace {

// Cannot fail: strings are UTF-8 and times within years 1 to 9999 by construction.
std::string known_json(const CallRecord& record) {
  return message_json(record, DefaultFields::kPrinted).value_or("");
}

// What came back to nobody is not kept either: protobuf reads more than JSON.
void keep_unrecognised(std::string_view json, CallRecord& record) {
  const std::string unknown = unknown_members(json, *CallRecord::descriptor());
  if (unknown.empty()) return;
  record.set_unrecognised(unknown);
  CallRecord again;
  if (!parse_message_json(to_json(record), again)) record.clear_unrecognised();
}

}  // namespace

std::string to_json(const CallRecord& record) {
  if (!record.has_unrecognised()) return known_json(record);
  CallRecord known = record;
  known.clear_unrecognised();
  return with_members(known_json(known), record.unrecognised());
}

Result<CallRecord> from_json(std::string_view json) {
  CallRecord record;
  if (parse_message_json(json, record, UnknownFields::kRefused)) {
    record.clear_unrecognised();
    return record;
  }
  record.Clear();
  return parse_message_json(json, record)
      .map([&] {
        record.clear_unrecognised();
        keep_unrecognised(json, record);
        return std::move(record);
      })
      .map_error([](Error error) {
        error.message.insert(0, "the record ");
        return error;
      });
}

}  // namespace koegura::store
