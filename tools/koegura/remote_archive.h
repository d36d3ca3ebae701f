// RemoteArchive: the archive of a running recorder, asked over its socket. Reading only: it is the
// recorder that writes.
//
// Calls are asked for page by page, so a reader may take its time between two of them: nothing
// waits in the recorder meanwhile.
//
// Threads: reading is free-threaded; requests go one after the other.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "api_client.h"
#include "api_socket.h"
#include "store/archive.h"

namespace koegura::tools {

class RemoteArchive : public store::Archive {
 public:
  // `directory` as the user knows the recorder's folder.
  RemoteArchive(std::unique_ptr<ApiClient> client, std::string directory)
      : client_(std::move(client)), directory_(std::move(directory)) {}

  [[nodiscard]] std::string id_of(const capture::FinishedCall& call) const override;  // empty
  [[nodiscard]] Result<bool> contains(const std::string& id) const override;
  [[nodiscard]] Result<store::Added> put(const decode::RenderedCall& call) override;  // refused
  [[nodiscard]] Result<CallRecord> find(std::string_view id_or_prefix) const override;
  [[nodiscard]] Result<void> query(
      const store::CallFilter& filter,
      const std::function<bool(const CallRecord&)>& visit) const override;
  // Where it is, which this user may not be able to read.
  [[nodiscard]] std::string file_of(const CallRecord& record) const override;
  [[nodiscard]] std::string temporary_directory() const override;
  [[nodiscard]] Result<store::ArchiveSummary> summary() const override;
  [[nodiscard]] Result<void> check_room() const override;  // refused, as put is

  // A path under which the call's file can be read as long as this lives: a copy without a name.
  [[nodiscard]] Result<std::string> fetch(const CallRecord& record) const;

 private:
  [[nodiscard]] Result<std::string> get(const std::string& target) const;

  mutable std::mutex mutex_;  // client_, copies_
  std::unique_ptr<ApiClient> client_;
  mutable std::vector<Descriptor> copies_;
  std::string directory_;
};

}  // namespace koegura::tools
