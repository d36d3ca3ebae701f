// RemoteArchive: the archive of a running recorder, asked over its socket. It is the recorder that
// writes: calls are not put, and changes are its own.
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
  // `action`: what it is asked for, as the ledger has it: "calls", "show", "audio", ...
  RemoteArchive(std::unique_ptr<ApiClient> client, std::string directory,
                std::string action = "calls")
      : client_(std::move(client)), directory_(std::move(directory)), action_(std::move(action)) {}

  [[nodiscard]] std::string id_of(const capture::FinishedCall& call) const override;  // empty
  [[nodiscard]] Result<bool> contains(const std::string& id) const override;
  [[nodiscard]] Result<store::Added> put(const decode::RenderedCall& call) override;  // refused
  [[nodiscard]] Result<CallRecord> find(std::string_view id_or_prefix) const override;
  [[nodiscard]] Result<void> query(
      const store::CallFilter& filter,
      const std::function<bool(const CallRecord&)>& visit) const override;
  [[nodiscard]] Result<std::uint64_t> count(const store::CallFilter& filter) const override;
  // Where it is, which this user may not be able to read.
  [[nodiscard]] std::string file_of(const CallRecord& record) const override;
  [[nodiscard]] std::string temporary_directory() const override;
  [[nodiscard]] Result<store::ArchiveSummary> summary() const override;
  [[nodiscard]] Result<void> check_room() const override;  // refused, as put is
  [[nodiscard]] Result<RetentionOutlook> retention(store::Outlook wanted) const override;
  [[nodiscard]] Result<HoldList> holds() const override;

  // By the user whose process this is, whatever `who`.
  [[nodiscard]] Result<ArchiveChanged> change(const ArchiveChange& change,
                                              const std::string& who) override;

  // A path under which the call's file can be read as long as this lives: a copy without a name.
  // The recorder enters first that it is given, for this action and reason.
  [[nodiscard]] Result<std::string> fetch(const CallRecord& record, const std::string& action,
                                          const std::string& reason) const;

 private:
  [[nodiscard]] Result<std::string> get(const std::string& target) const;
  // "for=...": one command's search, or look at a call, is entered once.
  [[nodiscard]] std::string purpose() const;

  mutable std::mutex mutex_;  // client_, copies_, is_entered_
  std::unique_ptr<ApiClient> client_;
  mutable std::vector<Descriptor> copies_;
  std::string directory_;
  std::string action_;
  mutable bool is_entered_ = false;
};

}  // namespace koegura::tools
