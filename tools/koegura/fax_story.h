// fax_story: the faxes of a call in words, for `show`.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "record.pb.h"

namespace koegura::tools {

// A label (who sent it, or what is told) and the line beside it; labels may be empty. Nothing if
// the call has no T.38.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> fax_lines(const CallRecord& record);

}  // namespace koegura::tools
