#include "byte_ring.h"

#include <bit>
#include <cassert>
#include <cstring>

namespace koegura::capture {
namespace {

constexpr std::uint32_t kSkip = 0xFFFFFFFF;  // the rest up to the ring's end is unused

std::uint32_t padded(std::uint32_t bytes) {
  return (bytes + 7U) & ~7U;
}

}  // namespace

ByteRing::ByteRing(std::uint32_t capacity)
    : bytes_(std::make_unique<std::byte[]>(std::bit_ceil(capacity))),
      mask_(std::bit_ceil(capacity) - 1) {}

std::span<std::byte> ByteRing::reserve(std::uint32_t bytes, std::uint32_t spare) {
  const std::uint64_t needed = kHeader + std::uint64_t{padded(bytes)};
  std::uint64_t at = written_.load(std::memory_order_relaxed);
  const std::uint64_t to_end = capacity() - (at & mask_);
  const std::uint64_t skipped = to_end < needed ? to_end : 0;
  const std::uint64_t end = at + skipped + needed;
  if (end + spare - seen_read_ > capacity()) {
    seen_read_ = read_.load(std::memory_order_acquire);
    if (end + spare - seen_read_ > capacity()) return {};
  }
  if (skipped != 0) {
    std::memcpy(bytes_.get() + (at & mask_), &kSkip, sizeof kSkip);
    at += skipped;
  }
  std::byte* const record = bytes_.get() + (at & mask_);
  std::memcpy(record, &bytes, sizeof bytes);
  reserved_ = end;
  return {record + kHeader, bytes};
}

void ByteRing::commit() {
  written_.store(reserved_, std::memory_order_release);
}

std::span<const std::byte> ByteRing::front() {
  std::uint64_t at = read_.load(std::memory_order_relaxed);
  if (at == seen_written_) {
    seen_written_ = written_.load(std::memory_order_acquire);
    if (at == seen_written_) return {};
  }
  std::uint32_t length = 0;
  std::memcpy(&length, bytes_.get() + (at & mask_), sizeof length);
  if (length == kSkip) {
    at += capacity() - (at & mask_);
    std::memcpy(&length, bytes_.get() + (at & mask_), sizeof length);
  }
  next_read_ = at + kHeader + padded(length);
  return {bytes_.get() + (at & mask_) + kHeader, length};
}

void ByteRing::pop() {
  assert(next_read_ > read_.load(std::memory_order_relaxed));
  read_.store(next_read_, std::memory_order_release);
}

}  // namespace koegura::capture
