// Text from the wire as text for people: always valid UTF-8, whatever was sent.
#pragma once

#include <string>
#include <string_view>

namespace koegura::capture {

// Folded white space becomes one space. Bytes that are no UTF-8 are taken for Shift_JIS (what
// Japanese PBXs send); what is neither gives U+FFFD for each bad byte.
[[nodiscard]] std::string wire_text(std::string_view bytes);

// Bytes of the character at the front: a well-formed UTF-8 sequence, else a Shift_JIS character of
// two bytes, else one byte. REQUIRES: text is not empty.
[[nodiscard]] std::size_t character_length(std::string_view text);

// The content of a quoted-string (RFC 3261 §25.1): "\x" is x, and an encoded word (RFC 2047), which
// should not stand in quotes and does, is what it encodes. Then as wire_text.
[[nodiscard]] std::string unescaped_text(std::string_view quoted);

// "%41" is "A" (RFC 3261 §19.1.2); what is no valid escape stays. Then as wire_text.
[[nodiscard]] std::string percent_decoded(std::string_view escaped);

// Converts what is in this charset (iconv's name); empty if that is not what the bytes are.
[[nodiscard]] std::string to_utf8(std::string_view text, const char* charset);

}  // namespace koegura::capture
