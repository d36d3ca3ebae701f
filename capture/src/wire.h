// Wire fields, read and written by shifts: no struct is laid over wire bytes, and the compiler
// makes one load of each. REQUIRES everywhere: the bytes are there; callers check sizes first.
#pragma once

#include <cstddef>
#include <cstdint>

namespace koegura::capture {

inline std::uint8_t load_u8(const std::byte* at) {
  return std::to_integer<std::uint8_t>(*at);
}

inline std::uint16_t load_be16(const std::byte* at) {
  return static_cast<std::uint16_t>(load_u8(at) << 8U | load_u8(at + 1));
}

inline std::uint32_t load_be32(const std::byte* at) {
  return static_cast<std::uint32_t>(load_be16(at)) << 16U | load_be16(at + 2);
}

inline std::uint16_t load_le16(const std::byte* at) {
  return static_cast<std::uint16_t>(load_u8(at + 1) << 8U | load_u8(at));
}

inline std::uint32_t load_le32(const std::byte* at) {
  return static_cast<std::uint32_t>(load_le16(at + 2)) << 16U | load_le16(at);
}

inline void store_be16(std::byte* at, std::uint16_t value) {
  at[0] = static_cast<std::byte>(value >> 8U);
  at[1] = static_cast<std::byte>(value);
}

inline void store_le16(std::byte* at, std::uint16_t value) {
  at[0] = static_cast<std::byte>(value);
  at[1] = static_cast<std::byte>(value >> 8U);
}

inline void store_le32(std::byte* at, std::uint32_t value) {
  at[0] = static_cast<std::byte>(value);
  at[1] = static_cast<std::byte>(value >> 8U);
  at[2] = static_cast<std::byte>(value >> 16U);
  at[3] = static_cast<std::byte>(value >> 24U);
}

inline void store_le64(std::byte* at, std::uint64_t value) {
  store_le32(at, static_cast<std::uint32_t>(value));
  store_le32(at + 4, static_cast<std::uint32_t>(value >> 32U));
}

// Capture files come in the byte order of the machine that wrote them.
enum class ByteOrder : bool { kLittle, kBig };

inline std::uint16_t load16(const std::byte* at, ByteOrder order) {
  return order == ByteOrder::kLittle ? load_le16(at) : load_be16(at);
}

inline std::uint32_t load32(const std::byte* at, ByteOrder order) {
  return order == ByteOrder::kLittle ? load_le32(at) : load_be32(at);
}

}  // namespace koegura::capture
