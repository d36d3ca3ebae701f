// UTF-8 (RFC 3629): what the wire calls text, made fit for the record.
#pragma once

#include <string>
#include <string_view>

namespace koegura::store {

[[nodiscard]] bool is_utf8(std::string_view text);
// Every byte that is part of no character becomes U+FFFD.
[[nodiscard]] std::string to_utf8(std::string_view text);

// Takes the first character off text; U+FFFD for one byte that is part of none. REQUIRES: text is
// not empty.
[[nodiscard]] char32_t take_character(std::string_view& text);

}  // namespace koegura::store
