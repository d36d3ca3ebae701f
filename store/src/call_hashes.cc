#include "call_hashes.h"

#include <algorithm>

#include "call_file.h"
#include "capture/frame.h"
#include "decode/matroska.h"

namespace koegura::store {

Result<CallHashes> hashes_of_call_file(const std::string& path) {
  const Result<Sha256> file = sha256_of_file(path);
  if (!file) return tl::make_unexpected(file.error());
  const Result<std::vector<decode::Attachment>> attachments = decode::read_attachments(path);
  if (!attachments) return tl::make_unexpected(attachments.error());
  const auto json =
      std::find_if(attachments->begin(), attachments->end(),
                   [](const auto& attachment) { return attachment.name == kCallJson; });
  if (json == attachments->end()) return failure(path + " has no attachment call.json");
  return CallHashes{.file = *file, .record = sha256(capture::as_text(json->bytes))};
}

}  // namespace koegura::store
