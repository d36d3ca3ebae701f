#include "record_in_file.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "call_file.h"
#include "capture/frame.h"
#include "store/archive.h"
#include "ulid.h"

namespace koegura::store {

std::optional<Ulid> id_in_name(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename();
  std::string_view id = std::string_view(name).substr(name.rfind('_') + 1);
  id = id.substr(0, id.find('.'));
  return id.size() == Ulid::kTextSize ? Ulid::parse(id) : std::nullopt;
}

Result<CallRecord> record_in(const std::vector<decode::Attachment>& attachments) {
  const auto json =
      std::find_if(attachments.begin(), attachments.end(),
                   [](const auto& attachment) { return attachment.name == kCallJson; });
  if (json == attachments.end()) return failure("it has no attachment call.json");
  return record_in(capture::as_text(json->bytes));
}

Result<CallRecord> record_in(std::string_view call_json) {
  Result<CallRecord> record = from_json(call_json);
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
