// ArchivedCalls: of each call that the ledger has archived, its last entry.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "ulid.h"

namespace koegura::store {

struct ArchivedCall {
  Ulid id;
  std::uint32_t sequence = 0;
  bool is_checked = false;
  std::uint64_t offset = 0;  // of the entry's line
};

class ArchivedCalls {
 public:
  // In the order of the ledger; what is no id is passed over.
  void add(std::string_view id, std::uint64_t sequence, std::uint64_t offset);
  // Once, when all were added.
  void sort();
  // Null if there is none.
  [[nodiscard]] ArchivedCall* find(const Ulid& id);
  void for_each_unchecked(const std::function<void(const ArchivedCall&)>& visit) const;

 private:
  std::vector<ArchivedCall> calls_;  // in order of id, once sorted
};

}  // namespace koegura::store
