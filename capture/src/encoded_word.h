// Encoded words (RFC 2047): names in ASCII's clothes, "=?ISO-2022-JP?B?…?=".
#pragma once

#include <string>
#include <string_view>

namespace koegura::capture {

// Every encoded word becomes its text in UTF-8; white space between two of them goes (§6.2). One
// that cannot be read, or is in a charset that nobody here sends, stays as it is.
[[nodiscard]] std::string encoded_words_decoded(std::string_view text);

}  // namespace koegura::capture
