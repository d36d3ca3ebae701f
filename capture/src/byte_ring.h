// ByteRing: a bounded queue of records between two threads, one writing and one reading, without
// locks and without allocation. A record is whole and contiguous, and aligned to 8 bytes.
//
//   writer: (reserve commit)*     reader: (front pop)*
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace koegura::capture {

class ByteRing {
 public:
  // capacity is rounded up to a power of two.
  explicit ByteRing(std::uint32_t capacity);

  // Room for a record, of which `spare` bytes more must be left free. Empty if there is none;
  // nothing is visible to the reader before commit.
  [[nodiscard]] std::span<std::byte> reserve(std::uint32_t bytes, std::uint32_t spare = 0);
  void commit();

  // The oldest record, empty if there is none. It lives until pop.
  [[nodiscard]] std::span<const std::byte> front();
  void pop();

  [[nodiscard]] std::uint32_t capacity() const { return mask_ + 1; }

 private:
  static constexpr std::size_t kCacheLine = 64;
  static constexpr std::uint32_t kHeader = 8;  // a record's length, and padding

  std::unique_ptr<std::byte[]> bytes_;
  const std::uint32_t mask_;
  // Positions only grow; each side keeps what it last saw of the other's, as looking costs a cache
  // line on its way between the cores.
  alignas(kCacheLine) std::atomic<std::uint64_t> written_{0};
  std::uint64_t reserved_ = 0;   // writer: end of what commit will show
  std::uint64_t seen_read_ = 0;  // writer
  alignas(kCacheLine) std::atomic<std::uint64_t> read_{0};
  std::uint64_t seen_written_ = 0;  // reader
  std::uint64_t next_read_ = 0;     // reader: behind the front record
};

}  // namespace koegura::capture
