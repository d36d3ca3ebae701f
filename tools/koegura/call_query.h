// call_query: a CallFilter as the query of a URL, "number=%2A5678&state=missed", with the names of
// `koegura calls`, and back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "capture/error.h"
#include "store/archive.h"

namespace koegura::tools {

struct CallQuery {
  store::CallFilter filter;
  std::string after;  // only calls that come after this id in the order asked for; empty: all
};

[[nodiscard]] std::string query_text(const CallQuery& query);  // durations to the millisecond
// Times and durations as the command takes them. kUsage if a name is unknown or a value no value.
[[nodiscard]] Result<CallQuery> parse_query(std::string_view text);

// What is left of the filter once this call has been given: calls of the same millisecond are
// asked for again, and told apart by `after`.
[[nodiscard]] CallQuery continued(const CallQuery& query, const CallRecord& given);
// False for a call that comes before or is `after`.
[[nodiscard]] bool is_wanted(const CallQuery& query, const CallRecord& record);

// Which of them restrict, by their names in a query; not what they ask for.
[[nodiscard]] std::vector<std::string> filter_names(const store::CallFilter& filter);

// RFC 3986 §2.1
[[nodiscard]] std::string percent_encoded(std::string_view text);
[[nodiscard]] Result<std::string> percent_decoded(std::string_view text);

}  // namespace koegura::tools
