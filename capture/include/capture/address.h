// Endpoint: an IP address and a transport port, IPv4 held as its IPv4-mapped IPv6 form
// (RFC 4291 §2.5.5.2) so that one comparison serves both families.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace koegura::capture {

struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};  // network order

  [[nodiscard]] bool is_v4() const;
  [[nodiscard]] bool is_unspecified() const;    // 0.0.0.0 or ::
  [[nodiscard]] std::string to_string() const;  // "192.0.2.1", "2001:db8::1"
  // The textual forms of RFC 4291 §2.2 and dotted IPv4; brackets allowed around IPv6.
  static std::optional<IpAddress> parse(std::string_view text);
  static IpAddress v4(std::uint32_t host_order);

  // Two loads and no call: this stands in every packet's way.
  friend bool operator==(const IpAddress& a, const IpAddress& b) {
    std::uint64_t halves[4];
    std::memcpy(halves, a.bytes.data(), sizeof a.bytes);
    std::memcpy(halves + 2, b.bytes.data(), sizeof b.bytes);
    return halves[0] == halves[2] && halves[1] == halves[3];
  }
};

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;  // host order

  [[nodiscard]] std::string to_string() const;  // "192.0.2.1:5060", "[2001:db8::1]:5060"

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

__extension__ typedef unsigned __int128 Uint128;  // not ISO C++, but both our compilers have it

// Mixes 8 bytes into a hash: one multiply and a fold, good enough for tables that an
// attacker cannot time (results never leave the box).
inline std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  const Uint128 product = static_cast<Uint128>(hash ^ value) * 0x9E3779B97F4A7C15ULL;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

inline std::uint64_t hash_of(const Endpoint& endpoint) {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::memcpy(&high, endpoint.address.bytes.data(), sizeof high);
  std::memcpy(&low, endpoint.address.bytes.data() + sizeof high, sizeof low);
  return mix(mix(high ^ 0xA0761D6478BD642FULL, low), endpoint.port);
}

struct EndpointHash {
  std::size_t operator()(const Endpoint& endpoint) const { return hash_of(endpoint); }
};

}  // namespace koegura::capture
