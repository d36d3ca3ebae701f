// Call walk: records in order of time, each once.
//
// Threads: one.
#pragma once

#include <memory>
#include <optional>

#include "capture/error.h"
#include "id_stream.h"
#include "index.h"
#include "ulid.h"

namespace koegura::store {

// The next call into a record; false at the end. An error ends the walk.
class CallWalk {
 public:
  virtual ~CallWalk() = default;
  [[nodiscard]] virtual Result<bool> next(CallRecord& into) = 0;
};

// REQUIRES: the index outlives the walk.

// Every call of the range.
[[nodiscard]] Result<std::unique_ptr<CallWalk>> walk_all(const Index& index,
                                                         const WalkRange& range);

// The calls of the stream, but those that the filter knows to be none by their keys. `wanted` calls
// will be asked for, 0: all. REQUIRES: the filter outlives the walk.
class CandidateFilter;
[[nodiscard]] std::unique_ptr<CallWalk> walk_ids(const Index& index, std::unique_ptr<IdStream> ids,
                                                 const CandidateFilter& filter, std::size_t wanted);

// The legs of a conversation: the first one, which has no key but its record's, and the later ones.
[[nodiscard]] Result<std::unique_ptr<IdStream>> legs_of(const Index& index,
                                                        const Ulid& conversation,
                                                        const WalkRange& range);

}  // namespace koegura::store
