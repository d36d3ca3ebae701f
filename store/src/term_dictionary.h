// Term dictionary: what there is in the index whose term begins in some way: its calls, where they
// are few, else its terms.
//
// Free-threaded.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/error.h"
#include "id_stream.h"
#include "index.h"
#include "index_format.h"

namespace koegura::store {

// In no order, and once a term; nothing if there are more than the limit.
using Candidates = std::optional<std::vector<Candidate>>;
[[nodiscard]] Result<Candidates> calls_with_prefix(const Index& index, KeyKind kind,
                                                   std::string_view prefix, std::size_t limit);

// As term prefixes, in order; nothing if there are more than the limit. One seek a term.
using Terms = std::optional<std::vector<std::string>>;
[[nodiscard]] Result<Terms> terms_with_prefix(const Index& index, KeyKind kind,
                                              std::string_view prefix, std::size_t limit);
// Looks at each number that there is.
[[nodiscard]] Result<Terms> numbers_with_part(const Index& index, std::string_view part,
                                              std::size_t limit);

}  // namespace koegura::store
