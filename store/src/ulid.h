// Ulid: the id of a call: 48 bits of milliseconds since 1970, then 80 bits that tell the calls of
// one millisecond apart. Sorts by time, as bytes and as text (Crockford's base32, 26 characters).
// Source: github.com/ulid/spec. Ours take the 80 bits not from chance: 20 are the nanoseconds
// within the millisecond, as a relay's two legs begin within one (RFC 9562 section 6.2, method 3);
// 60 are of a hash, so that the same call always has the same id.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "capture/time.h"

namespace koegura::store {

struct Ulid {
  static constexpr std::size_t kSize = 16;
  static constexpr std::size_t kTextSize = 26;
  static constexpr std::size_t kTailSize = 8;

  std::array<std::uint8_t, kSize> bytes{};  // network order

  [[nodiscard]] std::string text() const;
  // Any case; o is read as 0, i and l as 1, as Crockford asks.
  static std::optional<Ulid> parse(std::string_view text);

  friend auto operator<=>(const Ulid&, const Ulid&) = default;
};

// Of the tail the first four bits are not taken. A moment before 1970 counts as 1970: the id stays
// valid, only its order is lost.
[[nodiscard]] Ulid make_ulid(Timestamp time, const std::array<std::uint8_t, Ulid::kTailSize>& tail);

// The millisecond that it begins with: the nanoseconds are an order, and of older ids a hash.
[[nodiscard]] Timestamp time_in(const Ulid& id);

struct UlidRange {
  Ulid first;  // both inclusive
  Ulid last;
};

// The ids whose text begins with prefix; nothing if no id can.
[[nodiscard]] std::optional<UlidRange> ulids_with_prefix(std::string_view prefix);
// The ids of calls that start within the millisecond of time.
[[nodiscard]] UlidRange ulids_at(Timestamp time);

}  // namespace koegura::store
