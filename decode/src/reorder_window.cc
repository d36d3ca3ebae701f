#include "reorder_window.h"

#include <algorithm>
#include <cassert>

namespace koegura::decode {

void ReorderWindow::hold(const StreamPacket& packet) {
  assert(fits(packet.sequence) && packet.sequence >= next_ && is_new(packet.sequence));
  if (slots_.empty()) slots_.resize(kSlots);
  Slot& slot = slots_[ReorderWindow::slot(packet.sequence)];
  slot.payload.assign(packet.payload.begin(), packet.payload.end());
  slot.packet = packet;
  slot.packet.payload = slot.payload;
  slot.used = true;
  seen_[ReorderWindow::slot(packet.sequence)] = packet.sequence;
  highest_ = held_ == 0 ? packet.sequence : std::max(highest_, packet.sequence);
  ++held_;
}

const StreamPacket* ReorderWindow::front() const {
  return after(next_ - 1);
}

const StreamPacket* ReorderWindow::after(std::int64_t sequence) const {
  if (held_ == 0) return nullptr;
  for (++sequence; sequence <= highest_; ++sequence) {
    const Slot& candidate = slots_[slot(sequence)];
    if (candidate.used) return &candidate.packet;
  }
  return nullptr;
}

void ReorderWindow::release_front() {
  const StreamPacket* packet = front();
  assert(packet != nullptr);
  slots_[slot(packet->sequence)].used = false;
  next_ = packet->sequence + 1;
  --held_;
}

}  // namespace koegura::decode
