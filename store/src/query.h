// Query: a filter as a walk over the index: by the most selective key, the rest decided on the
// record, streaming in order of time.
#pragma once

#include <functional>
#include <string_view>

#include "capture/error.h"
#include "index.h"
#include "store/archive.h"

namespace koegura::store {

[[nodiscard]] Result<void> query_index(const Index& index, const CallFilter& filter,
                                       const std::string& region,
                                       const std::function<bool(const CallRecord&)>& visit);

// As Archive::find.
[[nodiscard]] Result<CallRecord> find_in_index(const Index& index, std::string_view id_or_prefix);

}  // namespace koegura::store
