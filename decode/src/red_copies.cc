#include "red_copies.h"

#include <algorithm>

namespace koegura::decode {

void RedCopies::keep(const StreamPacket& copy) {
  if (copy.payload.empty()) return;
  if (slots_.size() < kKept) slots_.emplace_back();
  Slot& slot = slots_[next_];
  next_ = (next_ + 1) % kKept;
  slot.packet = copy;
  slot.payload.assign(copy.payload.begin(), copy.payload.end());
  slot.packet.payload = slot.payload;
}

std::vector<const StreamPacket*> RedCopies::between(std::uint32_t after,
                                                    std::uint32_t before) const {
  // Modulo 2^32: timestamps wrap.
  const auto distance = [&](const StreamPacket* copy) { return copy->timestamp - after; };
  std::vector<const StreamPacket*> found;
  for (const Slot& slot : slots_) {
    const std::uint32_t here = distance(&slot.packet);
    if (here != 0 && here < before - after) found.push_back(&slot.packet);
  }
  std::stable_sort(found.begin(), found.end(), [&](const StreamPacket* a, const StreamPacket* b) {
    return distance(a) < distance(b);
  });
  const auto same = [&](const StreamPacket* a, const StreamPacket* b) {
    return distance(a) == distance(b);
  };
  found.erase(std::unique(found.begin(), found.end(), same), found.end());
  return found;
}

}  // namespace koegura::decode
