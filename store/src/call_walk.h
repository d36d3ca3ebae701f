// Call walk: records in order of time, each once, from one of the index's key ranges.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capture/error.h"
#include "index.h"
#include "ulid.h"

namespace koegura::store {

struct WalkRange {
  UlidRange ids;  // both inclusive
  bool oldest_first = false;
};

// nothing at the end; an error ends the walk.
class CallWalk {
 public:
  virtual ~CallWalk() = default;
  [[nodiscard]] virtual Result<std::optional<CallRecord>> next() = 0;
};

// REQUIRES: the index outlives the walk.

// Every call of the range.
[[nodiscard]] Result<std::unique_ptr<CallWalk>> walk_all(const Index& index,
                                                         const WalkRange& range);

// The calls of any of the terms (term_prefix), merged. A term costs one seek to begin with and a
// few bytes; all share one cursor, which stays where it is while one term follows another's newest.
[[nodiscard]] Result<std::unique_ptr<CallWalk>> walk_terms(const Index& index,
                                                           const std::vector<std::string>& terms,
                                                           const WalkRange& range);

// The legs of a conversation.
[[nodiscard]] Result<std::unique_ptr<CallWalk>> walk_conversation(const Index& index,
                                                                  const Ulid& conversation,
                                                                  const WalkRange& range);

// Up to limit numbers that begin (or end) with this, as term prefixes; nothing if there are more.
[[nodiscard]] Result<std::optional<std::vector<std::string>>> numbers_with_prefix(
    const Index& index, std::string_view prefix, std::size_t limit);
[[nodiscard]] Result<std::optional<std::vector<std::string>>> numbers_with_suffix(
    const Index& index, std::string_view suffix, std::size_t limit);

}  // namespace koegura::store
