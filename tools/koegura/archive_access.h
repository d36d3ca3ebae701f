// archive_access: the archive as commands that only read it open it, and the call they were given.
#pragma once

#include <memory>
#include <string>

#include "command.h"
#include "store/archive.h"

namespace koegura::tools {

[[nodiscard]] Result<std::unique_ptr<store::Archive>> open_for_reading(const Session& session);

struct OpenCall {
  std::unique_ptr<store::Archive> archive;
  CallRecord record;

  [[nodiscard]] std::string file() const { return archive->file_of(record); }
};
// `id` as the user wrote it: an id or a prefix of one.
[[nodiscard]] Result<OpenCall> open_call(const Session& session, const std::string& id);

}  // namespace koegura::tools
