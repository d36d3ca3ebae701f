#include "conversation_list.h"

#include "conversation.h"
#include "conversation_connections.h"
#include "conversation_legs.h"

namespace koegura::tools {

namespace {

// Whether no leg that matches began before this one: the conversation's row stands there.
Result<bool> is_first_match(const store::Archive& archive, const store::CallFilter& filter,
                            const CallRecord& record) {
  const bool alone = record.conversation() == record.id() && record.joining().ties().empty();
  if (alone || record.conversation().empty()) return true;
  store::CallFilter legs = filter;
  legs.conversation = record.conversation();
  legs.oldest_first = true;
  legs.limit = 1;
  std::string first;
  auto done = archive.query(legs, [&](const CallRecord& leg) {
    first = leg.id();
    return false;
  });
  if (!done) return tl::make_unexpected(std::move(done.error()));
  return first == record.id();
}

Result<ConversationRow> look_up(const store::Archive& archive, const CallRecord& record) {
  auto records = read_legs(archive, record);
  if (!records) return tl::make_unexpected(std::move(records.error()));
  return row_of(Conversation(std::move(records->legs)));
}

}  // namespace

Result<void> query_conversations(const store::Archive& archive, const store::CallFilter& filter,
                                 const std::function<bool(const ConversationRow&)>& visit) {
  store::CallFilter of_legs = filter;
  of_legs.state.clear();
  of_legs.limit = 0;
  std::size_t given = 0;
  Result<void> looked_up;
  auto done = archive.query(of_legs, [&](const CallRecord& record) {
    const auto first = is_first_match(archive, of_legs, record);
    if (first && !*first) return true;
    auto row = first ? look_up(archive, record) : tl::make_unexpected(first.error());
    if (!row) {
      looked_up = tl::make_unexpected(std::move(row.error()));
      return false;
    }
    if (!filter.state.empty() && row->state() != filter.state) return true;
    ++given;
    return visit(*row) && given != filter.limit;
  });
  return done ? looked_up : done;
}

}  // namespace koegura::tools
