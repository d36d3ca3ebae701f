// Row changes: what becomes of the index's keys when calls come, change or go, as small changes
// that are written in one batch. Nothing here writes.
//
//   (put | remove | derive)* take
//
// Threads: one; whoever writes the changes holds off other writers from the first to the write.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "capture/error.h"
#include "day_counts.h"
#include "index.h"
#include "record.pb.h"
#include "ulid.h"

namespace koegura::store {

class RowChanges {
 public:
  // REQUIRES: the index outlives this.
  explicit RowChanges(const Index& index) : index_(index) {}

  // The record and the keys of one call, in the place of those it had. REQUIRES: of an id once.
  [[nodiscard]] Result<void> put(const std::optional<CallRecord>& before, const CallRecord& record);
  // The call goes, with its marks and what joins later calls to it, and what named it in other
  // legs. Those of its conversation stay together where they are tied without it, as a reindex
  // would find them. The totals are the caller's.
  [[nodiscard]] Result<void> remove(const CallRecord& record);
  // The keys and the count of a record that is there and never had them.
  [[nodiscard]] Result<void> derive(const CallRecord& record);

  void set(std::string key, std::string value);
  void drop(std::string key);
  [[nodiscard]] std::vector<KeyChange> take();

 private:
  [[nodiscard]] Result<void> count(const CallRecord& record, int by);
  void put_keys(const CallRecord& record);
  void drop_keys(const CallRecord& record);
  [[nodiscard]] Result<void> place_others(const CallRecord& gone);
  [[nodiscard]] Result<void> clear_doubts(const CallRecord& gone);

  const Index& index_;
  std::vector<KeyChange> changes_;
  std::map<std::uint32_t, DayCounts> days_;  // that a call came to or went from, as they will be
};

}  // namespace koegura::store
