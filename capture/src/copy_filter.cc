#include "copy_filter.h"

#include <cstring>

#include "wire.h"

namespace koegura::capture {
namespace {

constexpr Duration kCopyWindow = std::chrono::milliseconds(50);
constexpr Duration kSameIdentification = std::chrono::seconds(1);

std::uint64_t hash_bytes(std::uint64_t hash, Bytes bytes) {
  while (bytes.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    hash = mix(hash, word);
    bytes = bytes.subspan(sizeof word);
  }
  for (const std::byte octet : bytes) hash = mix(hash, std::to_integer<std::uint64_t>(octet));
  return hash;
}

// 0 where the header has none (IPv6), or where it says nothing (an atomic datagram, RFC 6864).
std::uint16_t identification(Bytes ip) {
  const bool is_v4 = load_u8(ip.data()) >> 4U == 4;
  return is_v4 ? load_be16(ip.data() + 4) : std::uint16_t{0};
}

}  // namespace

bool CopyFilter::is_copy(const Packet& packet) {
  const std::uint16_t id = identification(packet.ip);
  std::uint64_t hash = mix(hash_of(packet.source), hash_of(packet.destination));
  hash = hash_bytes(mix(hash, id), packet.payload);
  Seen& seen = seen_[hash % kSize];
  const Duration limit = id != 0 ? kSameIdentification : kCopyWindow;
  // A capture may be a little out of order.
  const Duration apart = packet.time > seen.at ? packet.time - seen.at : seen.at - packet.time;
  if (seen.hash == hash && apart <= limit) return true;
  seen = {.hash = hash, .at = packet.time};
  return false;
}

}  // namespace koegura::capture
