// call_story: what happened in a call, told from its record.
#pragma once

#include <string>
#include <vector>

#include "record.pb.h"

namespace koegura::tools {

// Lines, coloured where stdout is a terminal. `file` is where the call's Matroska file is;
// `conversation` the story across its legs, if there is one (conversation_story.h).
[[nodiscard]] std::vector<std::string> story_of(const CallRecord& record, const std::string& file,
                                                const std::string& region,
                                                const std::vector<std::string>& conversation = {});

}  // namespace koegura::tools
