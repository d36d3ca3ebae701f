#include "udptl_window.h"

#include <algorithm>
#include <chrono>

namespace koegura::decode {
namespace {

// Beyond this a jump of the numbers is no loss but another numbering.
constexpr std::int64_t kMaxNumbersLost = 3000;
// A datagram that is sent twice (T.38 §9.1 lets indicators be) or copied on its way comes soon.
constexpr Duration kSaidAgainWithin = std::chrono::seconds(3);
// The first packets may have been overtaken.
constexpr std::int64_t kFirstPackets = 3;

std::vector<std::byte> octets_of(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

// A packet that parity gave back may have zeros behind its end.
bool says_the_same(const std::vector<std::byte>& kept, Bytes primary) {
  const std::size_t common = std::min(kept.size(), primary.size());
  const auto is_zero = [](std::byte b) { return b == std::byte{}; };
  return std::equal(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(common),
                    primary.begin()) &&
         std::all_of(kept.begin() + static_cast<std::ptrdiff_t>(common), kept.end(), is_zero) &&
         primary.size() <= kept.size();
}

}  // namespace

UdptlWindow::Slot* UdptlWindow::find(std::int64_t sequence) {
  if (sequence < 0) return nullptr;
  Slot& slot = slots_[static_cast<std::size_t>(sequence % kSlots)];
  return slot.sequence == sequence ? &slot : nullptr;
}

UdptlWindow::Slot& UdptlWindow::place(std::int64_t sequence, Timestamp time, Bytes ifp) {
  Slot& slot = slots_[static_cast<std::size_t>(sequence % kSlots)];
  slot.sequence = sequence;
  slot.time = time;
  slot.recovered = false;
  slot.ifp.assign(ifp.begin(), ifp.end());
  slot.parity.clear();
  slot.parity_span = 0;
  return slot;
}

void UdptlWindow::begin(std::uint16_t sequence) {
  began_ = true;
  emitted_ = false;
  next_ = sequence;
  highest_ = next_;
}

void UdptlWindow::restart() {
  release(true);
  for (Slot& slot : slots_) slot.sequence = -1;
  began_ = false;
}

std::optional<std::int64_t> UdptlWindow::extended(Timestamp time, const UdptlDatagram& datagram) {
  const auto step =
      static_cast<std::int16_t>(datagram.sequence - static_cast<std::uint16_t>(highest_));
  const std::int64_t sequence = highest_ + step;
  if (step > kMaxNumbersLost || step <= -kSlots || sequence < 0) return std::nullopt;
  const Slot* known = find(sequence);
  // One number with two meanings, or with one at two times: the sender began anew.
  const bool is_other = known != nullptr && (time - known->time > kSaidAgainWithin ||
                                             !says_the_same(known->ifp, datagram.primary));
  if (is_other) return std::nullopt;
  return sequence;
}

void UdptlWindow::add(Timestamp time, Bytes datagram) {
  if (!read_udptl(datagram, datagram_)) {
    ++statistics_.unreadable;
    return;
  }
  if (!began_) begin(datagram_.sequence);
  if (const auto sequence = extended(time, datagram_)) {
    stranger_.reset();
    return take(time, datagram_, *sequence);
  }
  const bool follows =
      stranger_ && static_cast<std::uint16_t>(stranger_->sequence + 1) == datagram_.sequence;
  if (!follows) {
    if (stranger_) ++statistics_.duplicates;  // it came alone: late, or no packet of this stream
    stranger_ = Held{.time = time, .datagram = octets_of(datagram), .sequence = datagram_.sequence};
    return;
  }
  // Two in a row (as RFC 3550 A.1 has it for RTP): both are of the new numbering.
  const Held first = std::move(*stranger_);
  stranger_.reset();
  restart();
  add(first.time, first.datagram);
  add(time, datagram);
}

void UdptlWindow::take(Timestamp time, const UdptlDatagram& datagram, std::int64_t sequence) {
  if (sequence > highest_) {
    give_up_before(sequence - kPatience);
    highest_ = sequence;
  }
  if (sequence < next_ && !emitted_ && next_ - sequence <= kFirstPackets) next_ = sequence;
  if (sequence < next_ || find(sequence) != nullptr) {
    ++statistics_.duplicates;
    return;
  }
  ++statistics_.received;
  Slot& slot = place(sequence, time, datagram.primary);
  slot.parity_span = datagram.parity_span;
  for (const Bytes entry : datagram.parity) slot.parity.push_back(octets_of(entry));
  take_secondaries(datagram, sequence, time);
  repair_by_parity();
  release(false);
}

void UdptlWindow::take_secondaries(const UdptlDatagram& datagram, std::int64_t sequence,
                                   Timestamp time) {
  for (const Bytes secondary : datagram.secondaries) {
    if (--sequence < 0) return;
    // What was sent before the first datagram that we have is of this numbering, too.
    const bool before_first = sequence < next_ && !emitted_ && next_ - sequence <= kFirstPackets;
    if (before_first) next_ = sequence;
    if (sequence < next_ || find(sequence) != nullptr) continue;
    place(sequence, time, secondary).recovered = true;
    ++statistics_.recovered;
  }
}

// What one group gives back may be the one that another lacked, too.
void UdptlWindow::repair_by_parity() {
  while (repair_once()) {
  }
}

bool UdptlWindow::repair_once() {
  bool repaired = false;
  for (std::int64_t at = std::max(next_, highest_ - kPatience); at <= highest_; ++at) {
    const Slot* carrier = find(at);
    if (carrier == nullptr) continue;
    for (std::size_t entry = 0; entry < carrier->parity.size(); ++entry) {
      repaired = repair_group(*carrier, entry) || repaired;
    }
  }
  return repaired;
}

// True: the group lacked one packet, which is there now.
bool UdptlWindow::repair_group(const Slot& carrier, std::size_t entry) {
  const auto entries = static_cast<std::int64_t>(carrier.parity.size());
  const std::int64_t reach = entries * std::int64_t{carrier.parity_span};
  if (reach == 0 || reach > kPatience) return false;
  const std::int64_t end = carrier.sequence + static_cast<std::int64_t>(entry);
  std::int64_t missing = -1;
  for (std::int64_t at = end - reach; at < end; at += entries) {
    if (at < 0 || find(at) != nullptr) continue;  // before the first there is nothing: zeros
    if (missing >= 0 || at < next_) return false;
    missing = at;
  }
  if (missing < 0) return false;
  std::vector<std::byte> ifp = carrier.parity[entry];
  for (std::int64_t at = end - reach; at < end; at += entries) {
    const Slot* member = find(at);
    if (member == nullptr) continue;
    const std::size_t common = std::min(ifp.size(), member->ifp.size());
    for (std::size_t i = 0; i < common; ++i) ifp[i] ^= member->ifp[i];
  }
  place(missing, carrier.time, ifp).recovered = true;
  ++statistics_.recovered;
  return true;
}

void UdptlWindow::finish() {
  if (stranger_) ++statistics_.duplicates;
  stranger_.reset();
  release(true);
}

void UdptlWindow::give_up_before(std::int64_t sequence) {
  while (next_ < sequence && next_ <= highest_) emit_one();
  if (next_ >= sequence || sequence < 0) return;
  lost_ += static_cast<std::uint32_t>(sequence - next_);
  statistics_.lost += static_cast<std::uint32_t>(sequence - next_);
  next_ = sequence;
}

void UdptlWindow::release(bool all) {
  if (!began_) return;
  if (!all && !emitted_ && highest_ - next_ < kFirstPackets) return;
  while (next_ <= highest_ && (all || find(next_) != nullptr)) emit_one();
}

void UdptlWindow::emit_one() {
  emitted_ = true;
  Slot* slot = find(next_++);
  if (slot == nullptr) {
    ++lost_;
    ++statistics_.lost;
    return;
  }
  // One that came late, or again, was sent before those behind it came.
  Timestamp time = slot->time;
  for (std::int64_t behind = next_; behind <= highest_; ++behind) {
    const Slot* other = find(behind);
    if (other != nullptr) time = std::min(time, other->time);
  }
  // A copy: parity of later packets needs it for a while.
  out_.push_back({.earliest = last_ == Timestamp() ? time : last_,
                  .time = time,
                  .recovered = slot->recovered,
                  .lost_before = lost_,
                  .ifp = slot->ifp});
  last_ = time;
  lost_ = 0;
}

std::optional<UdptlWindow::Packet> UdptlWindow::next() {
  if (out_.empty()) return std::nullopt;
  Packet packet = std::move(out_.front());
  out_.pop_front();
  return packet;
}

}  // namespace koegura::decode
