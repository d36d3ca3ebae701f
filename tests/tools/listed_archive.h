// An archive that is a list of records, and counts what it is asked.
#pragma once

#include <algorithm>
#include <atomic>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "capture/finished_call.h"
#include "json.h"
#include "store/archive.h"

class ListedArchive : public koegura::store::Archive {
 public:
  template <typename T>
  using Result = koegura::Result<T>;
  using CallRecord = koegura::CallRecord;

  explicit ListedArchive(std::vector<CallRecord> records) : records_(std::move(records)) {
    std::sort(records_.begin(), records_.end(),
              [](const CallRecord& a, const CallRecord& b) { return a.id() < b.id(); });
  }

  [[nodiscard]] std::string id_of(const koegura::capture::FinishedCall& /*call*/) const override {
    return {};
  }
  [[nodiscard]] Result<bool> contains(const std::string& /*id*/) const override { return false; }
  [[nodiscard]] Result<koegura::store::Added> put(
      const koegura::decode::RenderedCall& /*call*/) override {
    return koegura::failure("a list takes nothing");
  }
  [[nodiscard]] Result<CallRecord> find(std::string_view id_or_prefix) const override {
    for (const CallRecord& record : records_) {
      if (record.id().starts_with(id_or_prefix)) return record;
    }
    return koegura::failure("no call", koegura::ErrorKind::kNotFound);
  }
  // Knows conversation, state, the number of the callee, order and limit.
  [[nodiscard]] Result<void> query(
      const koegura::store::CallFilter& filter,
      const std::function<bool(const CallRecord&)>& visit) const override {
    ++queries;
    if (queries == fail_at) return koegura::failure("the disk is gone");
    std::vector<CallRecord> found;
    for (const CallRecord& record : records_) {
      const bool matches =
          (filter.conversation.empty() || record.conversation() == filter.conversation) &&
          (filter.state.empty() || record.state() == filter.state) &&
          (filter.number.empty() || record.callee().number() == filter.number);
      if (matches) found.push_back(record);
    }
    if (!filter.oldest_first) std::reverse(found.begin(), found.end());
    if (filter.limit != 0 && found.size() > filter.limit) found.resize(filter.limit);
    for (const CallRecord& record : found) {
      if (!visit(record)) break;
    }
    return {};
  }
  [[nodiscard]] Result<koegura::RetentionOutlook> retention(
      koegura::store::Outlook /*wanted*/) const override {
    return koegura::failure("a list keeps for ever");
  }
  [[nodiscard]] Result<koegura::HoldList> holds() const override { return koegura::HoldList(); }
  [[nodiscard]] koegura::Result<std::uint64_t> count(
      const koegura::store::CallFilter& filter) const override {
    std::uint64_t found = 0;
    return query(filter, [&](const CallRecord&) { return ++found != 0; }).map([&] {
      return found;
    });
  }
  [[nodiscard]] std::string file_of(const CallRecord& record) const override { return record.id(); }
  [[nodiscard]] std::string temporary_directory() const override { return {}; }
  [[nodiscard]] Result<koegura::store::ArchiveSummary> summary() const override {
    return koegura::store::ArchiveSummary{};
  }
  [[nodiscard]] Result<void> check_room() const override { return {}; }
  [[nodiscard]] Result<koegura::ArchiveChanged> change(const koegura::ArchiveChange&,
                                                       const std::string&) override {
    return koegura::failure("no");
  }

  [[nodiscard]] std::optional<koegura::store::IndexRebuild> rebuild() const override {
    ++asked_for_rebuild;
    if (!is_damaged) return std::nullopt;
    return koegura::store::IndexRebuild{.damage = "a test"};
  }

  std::atomic<bool> is_damaged = false;  // its index is being rebuilt
  mutable std::atomic<int> asked_for_rebuild = 0;
  mutable int queries = 0;
  int fail_at = 0;  // this query fails

 private:
  std::vector<CallRecord> records_;
};
