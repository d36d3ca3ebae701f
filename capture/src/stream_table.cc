#include "stream_table.h"

#include <bit>
#include <cassert>
#include <new>
#include <utility>

namespace koegura::capture {

bool SequenceWindow::is_copy(std::uint16_t sequence, std::uint32_t timestamp) {
  const int distance = ahead(sequence);
  std::uint32_t& slot = timestamps_[sequence % kSize];
  if (seen_ != 0 && distance <= 0 && distance > -kSize) {
    const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(-distance);
    const bool copy = (seen_ & bit) != 0 && slot == timestamp;
    seen_ |= bit;
    slot = timestamp;
    return copy;
  }
  // Ahead, or so far behind that the sender must have started again.
  const bool near = seen_ != 0 && distance > 0 && distance < kSize;
  seen_ = near ? (seen_ << static_cast<unsigned>(distance)) | 1U : 1U;
  highest_ = sequence;
  slot = timestamp;
  return false;
}

void StreamDelete::operator()(RtpStream* stream) const {
  stream->~RtpStream();
  pool->give_back(reinterpret_cast<std::byte*>(stream));
}

StreamTable::StreamTable(std::size_t limit)
    : mask_(std::bit_ceil(limit * 2) - 1),
      limit_(limit),
      memory_(huge_memory((mask_ + 1) * sizeof(Slot))),
      slots_(reinterpret_cast<Slot*>(memory_.get()), mask_ + 1) {
  std::uninitialized_default_construct(slots_.begin(), slots_.end());
}

std::size_t StreamTable::position_of(const StreamKey& key, std::uint64_t hash) const {
  std::size_t position = hash & mask_;
  while (slots_[position].stream != nullptr &&
         (slots_[position].hash != hash || !(slots_[position].stream->key == key))) {
    position = (position + 1) & mask_;
  }
  return position;
}

RtpStream* StreamTable::find(const StreamKey& key, std::uint64_t hash) const {
  return slots_[position_of(key, hash)].stream;
}

RtpStream* StreamTable::guess(std::uint64_t hash) const {
  std::size_t position = hash & mask_;
  while (slots_[position].stream != nullptr && slots_[position].hash != hash) {
    position = (position + 1) & mask_;
  }
  return slots_[position].stream;
}

RtpStream* StreamTable::insert(const StreamKey& key) {
  if (streams_.size() == limit_) return nullptr;
  const std::uint64_t hash = key.hash();
  Slot& slot = slots_[position_of(key, hash)];
  assert(slot.stream == nullptr);
  streams_.emplace_back(new (pool_.take()) RtpStream, StreamDelete{&pool_});
  slot = {.hash = hash, .stream = streams_.back().get()};
  slot.stream->key = key;
  slot.stream->place = streams_.size() - 1;
  return slot.stream;
}

OwnedStream StreamTable::remove(RtpStream& stream) {
  std::size_t hole = position_of(stream.key, stream.key.hash());
  assert(slots_[hole].stream == &stream);
  slots_[hole].stream = nullptr;
  // Close the hole, so that no probe sequence breaks at it (Knuth 6.4, algorithm R).
  for (std::size_t next = (hole + 1) & mask_; slots_[next].stream != nullptr;
       next = (next + 1) & mask_) {
    const std::size_t home = slots_[next].hash & mask_;
    if (((next - home) & mask_) >= ((next - hole) & mask_)) {
      slots_[hole] = std::exchange(slots_[next], Slot{});
      hole = next;
    }
  }
  OwnedStream& place = streams_[stream.place];
  streams_.back()->place = stream.place;
  std::swap(place, streams_.back());
  OwnedStream removed = std::move(streams_.back());
  streams_.pop_back();
  return removed;
}

std::vector<RtpStream*> StreamTable::all() const {
  std::vector<RtpStream*> streams;
  streams.reserve(streams_.size());
  for (const auto& stream : streams_) streams.push_back(stream.get());
  return streams;
}

}  // namespace koegura::capture
