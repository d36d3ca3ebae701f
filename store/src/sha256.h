// SHA-256 (FIPS 180-4), by OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "capture/error.h"

namespace koegura::store {

using Sha256 = std::array<std::uint8_t, 32>;

[[nodiscard]] Sha256 sha256(std::string_view bytes);
// Of the parts, one after another.
[[nodiscard]] Sha256 sha256(std::initializer_list<std::string_view> parts);
// Of all the bytes of a file, from this offset on.
[[nodiscard]] Result<Sha256> sha256_of_file(const std::string& path, std::uint64_t from = 0);

[[nodiscard]] inline std::string_view bytes_of(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}
[[nodiscard]] std::string hex(std::span<const std::uint8_t> bytes);  // lower case
// Exactly what hex writes of one; nothing of any other text.
[[nodiscard]] std::optional<Sha256> sha256_in_hex(std::string_view text);

}  // namespace koegura::store
