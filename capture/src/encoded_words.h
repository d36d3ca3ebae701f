// Encoded words of RFC 2047 in a display name: "=?ISO-2022-JP?B?GyRCO1RMcj1qGyhC?=". RFC 3261 asks
// for UTF-8 instead; mail-minded PBXs send them all the same, within quotes, too.
#pragma once

#include <string>
#include <string_view>

namespace koegura::capture {

// text with its encoded words decoded, as valid UTF-8; what cannot be decoded stays as it stands.
[[nodiscard]] std::string decoded_words(std::string text);

}  // namespace koegura::capture
