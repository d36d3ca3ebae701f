// Base64 (RFC 4648 §4): bytes as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace koegura::capture {

// With padding.
[[nodiscard]] std::string to_base64(std::string_view bytes);
// Padding may be missing. Nothing if a character is not of the alphabet.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);
// Only what to_base64 writes: there is one text for each string of bytes.
[[nodiscard]] std::optional<std::string> from_strict_base64(std::string_view text);

}  // namespace koegura::capture
