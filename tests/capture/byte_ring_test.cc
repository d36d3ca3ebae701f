#include "byte_ring.h"

#include <doctest/doctest.h>

#include <cstring>
#include <thread>
#include <vector>

namespace koegura::capture {
namespace {

bool put(ByteRing& ring, std::uint32_t size, std::uint8_t value, std::uint32_t spare = 0) {
  const auto place = ring.reserve(size, spare);
  if (place.empty()) return false;
  std::memset(place.data(), value, place.size());
  ring.commit();
  return true;
}

bool holds(std::span<const std::byte> record, std::size_t size, std::uint8_t value) {
  if (record.size() != size) return false;
  for (const std::byte octet : record) {
    if (octet != std::byte{value}) return false;
  }
  return true;
}

TEST_CASE("records come out whole, in order, and only once they are committed") {
  ByteRing ring(1024);
  CHECK(ring.front().empty());
  CHECK(put(ring, 5, 1));
  CHECK(put(ring, 100, 2));
  static_cast<void>(ring.reserve(8));  // and never committed
  CHECK(holds(ring.front(), 5, 1));
  ring.pop();
  CHECK(holds(ring.front(), 100, 2));
  ring.pop();
  CHECK(ring.front().empty());
}

TEST_CASE("a full ring refuses, and takes again what has become free") {
  ByteRing ring(256);
  int taken = 0;
  while (put(ring, 24, 7)) ++taken;
  CHECK(taken == 8);  // 8 bytes of length with each
  CHECK_FALSE(ring.front().empty());
  ring.pop();
  CHECK(put(ring, 24, 8));
  CHECK_FALSE(put(ring, 24, 9));
}

TEST_CASE("room that must stay free is left to others") {
  ByteRing ring(256);
  CHECK(put(ring, 120, 1, 128));
  CHECK_FALSE(put(ring, 8, 2, 128));
  CHECK(put(ring, 8, 3));
}

TEST_CASE("a record that does not fit before the ring's end begins at its start") {
  ByteRing ring(256);
  for (int round = 0; round < 1000; ++round) {
    const auto size = static_cast<std::uint32_t>(1 + round * 37 % 100);
    CHECK(put(ring, size, static_cast<std::uint8_t>(round)));
    CHECK(holds(ring.front(), size, static_cast<std::uint8_t>(round)));
    ring.pop();
  }
}

TEST_CASE("a record larger than the ring is refused") {
  ByteRing ring(256);
  CHECK(ring.reserve(256).empty());
  CHECK(ring.reserve(1000).empty());
  CHECK(put(ring, 248, 1));
}

TEST_CASE("one thread writes and another reads, and nothing is lost or changed") {
  constexpr std::uint32_t kRecords = 200'000;
  ByteRing ring(4096);
  std::thread writer([&] {
    for (std::uint32_t i = 0; i < kRecords;) {
      const auto place = ring.reserve(4 + i % 61);
      if (place.empty()) {
        std::this_thread::yield();
        continue;
      }
      std::memcpy(place.data(), &i, sizeof i);
      ring.commit();
      ++i;
    }
  });
  std::uint32_t wrong = 0;
  for (std::uint32_t i = 0; i < kRecords;) {
    const auto record = ring.front();
    if (record.empty()) {
      std::this_thread::yield();
      continue;
    }
    std::uint32_t value = 0;
    std::memcpy(&value, record.data(), sizeof value);
    if (value != i || record.size() != 4 + i % 61) ++wrong;
    ring.pop();
    ++i;
  }
  writer.join();
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace koegura::capture
