#include "leg_marks.h"

#include <algorithm>

namespace koegura::tools {

std::string LegMarks::of(const CallRecord& record) {
  if (record.conversation().empty()) return {};
  const auto letter = [](std::size_t index) {
    return std::string(1, static_cast<char>('a' + index));
  };
  const auto known = std::find(conversations_.begin(), conversations_.end(), record.conversation());
  if (known != conversations_.end()) {
    return letter(static_cast<std::size_t>(known - conversations_.begin()));
  }
  const bool alone = record.conversation() == record.id() && record.joining().ties().empty();
  if (alone) return {};
  const std::size_t mine = next_;
  next_ = (next_ + 1) % conversations_.size();
  conversations_[mine] = record.conversation();
  return letter(mine);
}

}  // namespace koegura::tools
