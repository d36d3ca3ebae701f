// conversation_list: the conversations of an archive, in place of their legs.
#pragma once

#include <functional>

#include "capture/error.h"
#include "output.pb.h"
#include "store/archive.h"

namespace koegura::tools {

// Gives the conversations one by one of which a leg matches, in the order of the first leg that
// does: of all conversations, that is the order in which they began. The state asked for is the
// conversation's, and the limit counts conversations. Each is looked up when the walk comes to it,
// so memory does not depend on how many there are.
[[nodiscard]] Result<void> query_conversations(
    const store::Archive& archive, const store::CallFilter& filter,
    const std::function<bool(const ConversationRow&)>& visit);

}  // namespace koegura::tools
