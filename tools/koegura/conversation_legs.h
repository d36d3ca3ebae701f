// conversation_legs: the legs of a call's conversation, out of the archive.
#pragma once

#include "capture/error.h"
#include "conversation_story.h"
#include "store/archive.h"

namespace koegura::tools {

// In order of start; of a conversation with more than 200 the first ones, and the call itself.
[[nodiscard]] Result<ConversationRecords> read_legs(const store::Archive& archive,
                                                    const CallRecord& call);

// The conversation of the call with this id, or beginning of one.
[[nodiscard]] Result<std::string> find_conversation(const store::Archive& archive,
                                                    const std::string& id);

}  // namespace koegura::tools
