// Query: a filter as a walk over the index: by the most selective key, the rest decided on the
// record, streaming in order of time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "capture/error.h"
#include "index.h"
#include "store/archive.h"

namespace koegura::store {

[[nodiscard]] Result<void> query_index(const Index& index, const CallFilter& filter,
                                       const std::string& region,
                                       const std::function<bool(CallRecord&)>& visit);

// Whether a record fits the filter, its limit and order aside. Free-threaded.
[[nodiscard]] std::function<bool(const CallRecord&)> call_matcher(const CallFilter& filter,
                                                                  const std::string& region);

// How many that gives, at most the limit; without reading records where keys decide.
[[nodiscard]] Result<std::uint64_t> count_index(const Index& index, const CallFilter& filter,
                                                const std::string& region);

// As Archive::find.
[[nodiscard]] Result<CallRecord> find_in_index(const Index& index, std::string_view id_or_prefix);

}  // namespace koegura::store
