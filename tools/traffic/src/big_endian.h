// Integers in network order, written to bytes.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace koegura::traffic {

inline void put8(std::byte* out, std::uint8_t value) {
  *out = static_cast<std::byte>(value);
}

inline void put16(std::byte* out, std::uint16_t value) {
  put8(out, static_cast<std::uint8_t>(value >> 8U));
  put8(out + 1, static_cast<std::uint8_t>(value));
}

inline void put32(std::byte* out, std::uint32_t value) {
  put16(out, static_cast<std::uint16_t>(value >> 16U));
  put16(out + 2, static_cast<std::uint16_t>(value));
}

}  // namespace koegura::traffic
