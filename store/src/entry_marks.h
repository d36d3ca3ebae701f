// Entry marks: which calls of the index wait for their ledger entry ('w' keys). A call is marked in
// the batch that adds it, and its mark goes once its entry is in the ledger: so what a recorder
// that died left between the two is found at the next start, and nothing is entered twice.
//
// Threads: as Index.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "capture/error.h"
#include "index.h"
#include "ulid.h"

namespace koegura::store {

// How far the marks know the ledger: those of calls entered before it are gone. Of another ledger
// they know nothing.
struct LedgerPosition {
  std::uint64_t entries = 0;
  std::string origin;
};
[[nodiscard]] std::string encode_position(const LedgerPosition& position);
[[nodiscard]] std::optional<LedgerPosition> decode_position(std::string_view value);

[[nodiscard]] Result<std::optional<LedgerPosition>> ledger_position(const Index& index);
[[nodiscard]] Result<void> set_ledger_position(Index& index, const LedgerPosition& position);

// Marks every call that there is.
[[nodiscard]] Result<void> mark_all(Index& index);
[[nodiscard]] Result<void> unmark(Index& index, const Ulid& id);
[[nodiscard]] Result<bool> is_marked(const Index& index, const Ulid& id);
// As they were when it began; stops early when visit returns false.
[[nodiscard]] Result<void> for_each_marked(const Index& index,
                                           const std::function<bool(const Ulid&)>& visit);

}  // namespace koegura::store
