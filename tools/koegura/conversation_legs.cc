#include "conversation_legs.h"

#include <algorithm>

namespace koegura::tools {

namespace {

// A hunt group has dozens of telephones; what has more is told in part.
constexpr std::size_t kMostLegs = 200;

}  // namespace

Result<ConversationRecords> read_legs(const store::Archive& archive, const CallRecord& call) {
  ConversationRecords records;
  records.shown = call.id();
  store::CallFilter filter;
  filter.conversation = call.conversation().empty() ? call.id() : call.conversation();
  filter.oldest_first = true;
  auto done = archive.query(filter, [&](const CallRecord& leg) {
    records.more = records.legs.size() == kMostLegs;
    if (!records.more) records.legs.push_back(leg);
    return !records.more;
  });
  if (!done) return tl::make_unexpected(std::move(done.error()));
  const bool is_there = std::any_of(records.legs.begin(), records.legs.end(),
                                    [&](const CallRecord& leg) { return leg.id() == call.id(); });
  if (!is_there) records.legs.push_back(call);
  return records;
}

Result<std::string> find_conversation(const store::Archive& archive, const std::string& id) {
  auto record = archive.find(id);
  if (!record) return tl::make_unexpected(std::move(record.error()));
  return record->conversation().empty() ? record->id() : record->conversation();
}

}  // namespace koegura::tools
