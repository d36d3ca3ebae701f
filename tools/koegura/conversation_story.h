// conversation_story: what happened in a conversation, told across its legs.
#pragma once

#include <string>
#include <vector>

#include "record.pb.h"

namespace koegura::tools {

struct ConversationRecords {
  std::vector<CallRecord> legs;  // at least one
  bool more = false;             // there are legs beside these
  std::string shown{};           // the id of the leg that was asked for; may be empty
};

// True if there is more to tell than the story of the call itself: other legs, legs that it may
// belong to, or transfers and diversions.
[[nodiscard]] bool is_worth_telling(const ConversationRecords& records);

// Lines, coloured where stdout is a terminal: the way of the call in one line; events in order of
// time; the legs and what ties them, each with the letter that the events have; and where it is
// ambiguous, that.
[[nodiscard]] std::vector<std::string> conversation_story(ConversationRecords records,
                                                          const std::string& region);

}  // namespace koegura::tools
