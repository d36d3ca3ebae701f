// from_base64: the bytes that a text in base64 stands for (RFC 4648 §4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace koegura::capture {

// Padding may be missing. Nothing if a character is not of the alphabet.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace koegura::capture
