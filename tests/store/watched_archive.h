// An archive that is watched, and refuses what a test wants refused.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "call_builder.h"
#include "store/archive.h"
#include "temporary_folder.h"

namespace koegura::store {

// The n-th call of a morning, a second after the one before; its Call-ID is "c<n>".
inline capture::FinishedCall finished(int number) {
  CallBuilder call("c" + std::to_string(number));
  call.starting(kMorning + std::chrono::seconds(number));
  return std::move(call.call());
}

class WatchedArchive : public Archive {
 public:
  using Put = std::function<Result<Added>(const decode::RenderedCall&)>;
  using CheckRoom = std::function<Result<void>()>;
  explicit WatchedArchive(Put put, CheckRoom check_room = {})
      : put_(std::move(put)), check_room_(std::move(check_room)) {}
  [[nodiscard]] std::string id_of(const capture::FinishedCall& call) const override {
    return call.call_id;
  }
  [[nodiscard]] Result<bool> contains(const std::string& id) const override {
    return id.starts_with("there");
  }
  [[nodiscard]] Result<Added> put(const decode::RenderedCall& call) override { return put_(call); }
  [[nodiscard]] Result<CallRecord> find(std::string_view) const override { return failure("no"); }
  [[nodiscard]] Result<void> query(const CallFilter&,
                                   const std::function<bool(const CallRecord&)>&) const override {
    return {};
  }
  [[nodiscard]] Result<std::uint64_t> count(const CallFilter&) const override { return 0; }
  [[nodiscard]] std::string file_of(const CallRecord&) const override { return {}; }
  [[nodiscard]] std::string temporary_directory() const override { return folder_.path(); }
  [[nodiscard]] Result<ArchiveSummary> summary() const override { return ArchiveSummary(); }
  [[nodiscard]] Result<ArchiveChanged> change(const ArchiveChange&, const std::string&) override {
    return failure("no");
  }
  [[nodiscard]] Result<RetentionOutlook> retention(Outlook) const override { return failure("no"); }
  [[nodiscard]] Result<HoldList> holds() const override { return failure("no"); }
  [[nodiscard]] Result<void> check_room() const override {
    return check_room_ ? check_room_() : Result<void>();
  }

 private:
  TemporaryFolder folder_;
  Put put_;
  CheckRoom check_room_;
};

}  // namespace koegura::store
