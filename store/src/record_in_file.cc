#include "record_in_file.h"

#include <algorithm>

#include "call_file.h"
#include "store/archive.h"
#include "ulid.h"

namespace koegura::store {

Result<CallRecord> record_in(const std::vector<decode::Attachment>& attachments) {
  const auto json =
      std::find_if(attachments.begin(), attachments.end(),
                   [](const auto& attachment) { return attachment.name == kCallJson; });
  if (json == attachments.end()) return failure("it has no attachment call.json");
  Result<CallRecord> record =
      from_json({reinterpret_cast<const char*>(json->bytes.data()), json->bytes.size()});
  if (!record) return tl::make_unexpected(std::move(record).error().in("call.json"));
  if (!Ulid::parse(record->id())) return failure("call.json: '" + record->id() + "' is no call id");
  return record;
}

Result<CallRecord> record_in_file(const std::string& path) {
  Result<std::vector<decode::Attachment>> attachments = decode::read_attachments(path);
  if (!attachments) return tl::make_unexpected(std::move(attachments).error());
  return record_in(*attachments);
}

}  // namespace koegura::store
