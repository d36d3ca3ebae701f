// call_story: what happened in a call, told from its record.
#pragma once

#include <string>
#include <vector>

#include "record.pb.h"

namespace koegura::tools {

// Lines, coloured where stdout is a terminal. `file` is where the call's Matroska file is.
[[nodiscard]] std::vector<std::string> story_of(const CallRecord& record, const std::string& file,
                                                const std::string& region);

}  // namespace koegura::tools
