// archive_access: the archive as commands open it, and the call they were given.
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

// For changes, which there are no others of at the same time: by the recorder, if one runs; else
// the folder is opened for writing. Never made: kNotFound if it is not there.
[[nodiscard]] Result<std::unique_ptr<store::Archive>> open_for_changing(const Session& session);

// One change, by whoever has the archive; the folder is closed again before a recorder could want
// it.
[[nodiscard]] Result<ArchiveChanged> change_archive(const Session& session,
                                                    const ArchiveChange& change);

// What is given of a call, as the ledger has it, and why.
struct Given {
  const char* action;  // "audio", "packets", "fax", "ladder"
  std::string reason{};
};

struct OpenCall {
  std::unique_ptr<store::Archive> archive;
  CallRecord record;
  const RemoteArchive* remote = nullptr;  // archive, if it is one
  std::string directory{};                // else, its folder
  bool needs_reason = false;              // access.reason

  [[nodiscard]] std::string file() const { return archive->file_of(record); }
  // A path to read the file by while this lives; where the folder is closed to this user, of a copy
  // that the recorder gave. First it is entered in the ledger that it is given: if the recorder
  // cannot, nothing is given. An archive that this user opened itself and cannot write to is read
  // all the same, with a warning on stderr. kUsage without a reason where one is asked for.
  [[nodiscard]] Result<std::string> give_file(const Given& given) const {
    return give_file(record, given);
  }
  [[nodiscard]] Result<std::string> give_file(const CallRecord& of, const Given& given) const;
  // Of a call whose export has been entered.
  [[nodiscard]] Result<std::string> exported_file() const;
};
// `id` as the user wrote it: an id or a prefix of one. `action`: what will be given of the call;
// "show" is the record alone.
[[nodiscard]] Result<OpenCall> open_call(const Session& session, const std::string& id,
                                         const char* action = "show");

}  // namespace koegura::tools
