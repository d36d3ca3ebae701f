// conversation_events: what happened in a conversation, each thing once, whichever of its legs told
// of it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "conversation.h"

namespace koegura::tools {

// What several did at one moment, telephones that ring, is one event.
struct ConversationEvent {
  double at_s = 0;  // since the conversation's start
  std::vector<std::size_t> legs;
  std::vector<std::string> who;  // "2301 山田"; may be empty
  std::string does;              // "rings": of one of them; a whole sentence if there are none
  std::string do_;               // "ring": of several

  [[nodiscard]] std::string text() const;  // printable
};

// In order of time.
[[nodiscard]] std::vector<ConversationEvent> events_of(const Conversation& conversation,
                                                       const std::string& region);

// The number alone, if there is one.
[[nodiscard]] std::string short_party_text(const Party& party, const std::string& region);

}  // namespace koegura::tools
