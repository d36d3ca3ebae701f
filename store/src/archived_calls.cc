#include "archived_calls.h"

#include <algorithm>
#include <optional>

namespace koegura::store {

void ArchivedCalls::add(std::string_view id, std::uint64_t sequence, std::uint64_t offset) {
  const std::optional<Ulid> ulid = Ulid::parse(id);
  if (!ulid) return;
  calls_.push_back({.id = *ulid,
                    .sequence = static_cast<std::uint32_t>(sequence),
                    .is_checked = false,
                    .offset = offset});
}

void ArchivedCalls::sort() {
  // Of one call the last entry first, which is the one that stays.
  std::sort(calls_.begin(), calls_.end(), [](const ArchivedCall& a, const ArchivedCall& b) {
    return a.id == b.id ? a.sequence > b.sequence : a.id < b.id;
  });
  const auto is_same = [](const ArchivedCall& a, const ArchivedCall& b) { return a.id == b.id; };
  calls_.erase(std::unique(calls_.begin(), calls_.end(), is_same), calls_.end());
}

ArchivedCall* ArchivedCalls::find(const Ulid& id) {
  const auto found = std::lower_bound(
      calls_.begin(), calls_.end(), id,
      [](const ArchivedCall& call, const Ulid& wanted) { return call.id < wanted; });
  return found != calls_.end() && found->id == id ? &*found : nullptr;
}

void ArchivedCalls::for_each_unchecked(
    const std::function<void(const ArchivedCall&)>& visit) const {
  for (const ArchivedCall& call : calls_) {
    if (!call.is_checked) visit(call);
  }
}

}  // namespace koegura::store
