// text_width: UTF-8 text laid out in the columns of a terminal, where a Japanese character takes
// two. Widths are the C library's (wcwidth): REQUIRES a UTF-8 LC_CTYPE.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace koegura::tools {

// Text from the wire made safe to show: control characters (a SIP header can carry a terminal's
// escape sequences) and bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string printable(std::string_view text);

// REQUIRES for these: printable text.
[[nodiscard]] std::size_t width_of(std::string_view text);
[[nodiscard]] std::string clipped(std::string_view text, std::size_t columns);  // ends in "…"
[[nodiscard]] std::string padded(std::string_view text, std::size_t columns);   // never clips
[[nodiscard]] std::string padded_left(std::string_view text, std::size_t columns);

// Of the labels at the left of show, status and top.
inline constexpr std::size_t kLabelColumns = 12;

}  // namespace koegura::tools
