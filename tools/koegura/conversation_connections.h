// conversation_connections: with whom the first caller of a conversation talked, one after the
// other, and what the conversation came to.
#pragma once

#include <cstddef>
#include <vector>

#include "conversation.h"
#include "output.pb.h"

namespace koegura::tools {

struct Connection {
  std::size_t leg = 0;
  std::size_t hub = 0;          // the first caller's own leg, which leads there
  Side person = Side::kCallee;  // at which end of the leg
  double since_s = 0;
  enum class How : unsigned char {
    kAnswered,     // the first of them
    kTransferred,  // a REFER or Replaces asked for it
    kPassedOn,     // by the exchange, and nobody said at whose wish
    kJoined,       // beside the one before
    kPickedUp,     // a Replaces took over what rang elsewhere
    kTook,         // called in, and had the call
    kCalled,       // the first caller called them too
  } how = How::kAnswered;
};

// In order of time; each leg once. An exchange that answers by itself is nobody.
[[nodiscard]] std::vector<Connection> connections_of(const Conversation& conversation);

// A row of `koegura calls --conversations`; see ConversationRow for its rules.
[[nodiscard]] ConversationRow row_of(const Conversation& conversation);

}  // namespace koegura::tools
