// conversation_facts: what the legs of a conversation tell several times over, each once: at the
// leg nearest to whoever did it. Times are seconds since the conversation's start.
#pragma once

#include <cstddef>
#include <vector>

#include "conversation.h"

namespace koegura::tools {

// What the caller of the leg heard before the answer.
struct EarlySound {
  std::size_t leg = 0;
  double at_s = 0;
  double seconds = 0;
};
[[nodiscard]] std::vector<EarlySound> early_sounds_of(const Conversation& conversation);

// An exchange that answered by itself: until a person did, or to the leg's end.
struct ExchangeAnswer {
  std::size_t leg = 0;
  double at_s = 0;
  double seconds = 0;
  bool person_followed = false;
};
[[nodiscard]] std::vector<ExchangeAnswer> exchange_answers_of(const Conversation& conversation);
// True if a telephone behind it answered in the same moment, or called in.
[[nodiscard]] bool is_relayed_answer(const Conversation& conversation, std::size_t leg);

struct Hold {
  std::size_t leg = 0;
  std::optional<Side> held{};  // nothing: both
  double at_s = 0;
  double seconds = 0;
};
[[nodiscard]] std::vector<Hold> holds_of(const Conversation& conversation);

struct Transfer {
  std::size_t leg = 0;
  Side by = Side::kCallee;
  double at_s = 0;
  const Refer* refer = nullptr;  // of the leg's record
};
[[nodiscard]] std::vector<Transfer> transfers_of(const Conversation& conversation);

// True if the leg ended because a person ended another one that it was joined to.
[[nodiscard]] bool ends_with_another(const Conversation& conversation, std::size_t leg);
// Which end released it; nothing if nobody was seen to.
[[nodiscard]] std::optional<Side> released_by(const CallRecord& record);

}  // namespace koegura::tools
