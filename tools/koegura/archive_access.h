// archive_access: the archive as commands that only read it open it, and the call they were given.
//
// Where a recorder writes it, the recorder is asked over its socket; otherwise the folder is
// opened. Commands need not know which.
#pragma once

#include <memory>
#include <string>

#include "api_client.h"
#include "command.h"
#include "remote_archive.h"
#include "store/archive.h"

namespace koegura::tools {

// The recorder of this archive, which has answered. kNotFound if none runs (with the trace that a
// dead one left, if it did), kNotPermitted if this user may not ask it, else it runs and is silent.
[[nodiscard]] Result<std::unique_ptr<ApiClient>> find_recorder(const Session& session);

[[nodiscard]] Result<std::unique_ptr<store::Archive>> open_for_reading(const Session& session);

struct OpenCall {
  std::unique_ptr<store::Archive> archive;
  CallRecord record;
  const RemoteArchive* remote = nullptr;  // archive, if it is one

  [[nodiscard]] std::string file() const { return archive->file_of(record); }
  // A path to read the file by while this lives; where the folder is closed to this user, of a copy
  // that the recorder gave.
  [[nodiscard]] Result<std::string> readable_file() const { return readable_file(record); }
  [[nodiscard]] Result<std::string> readable_file(const CallRecord& of) const;  // of any call
};
// `id` as the user wrote it: an id or a prefix of one.
[[nodiscard]] Result<OpenCall> open_call(const Session& session, const std::string& id);

}  // namespace koegura::tools
