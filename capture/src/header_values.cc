#include "header_values.h"

#include "wire_text.h"

namespace koegura::capture {

std::string_view next_value(std::string_view& rest) {
  bool quoted = false;
  bool bracketed = false;
  std::size_t end = 0;
  for (; end < rest.size(); ++end) {
    const char c = rest[end];
    if (quoted) {
      if (c == '"') quoted = false;
      // A Shift_JIS character may end in a backslash's byte, which escapes nothing.
      end += c == '\\' ? 1 : character_length(rest.substr(end)) - 1;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '<') {
      bracketed = true;
    } else if (c == '>') {
      bracketed = false;
    } else if (c == ',' && !bracketed) {
      break;
    }
  }
  const std::string_view value = trim(rest.substr(0, end));
  rest = end < rest.size() ? rest.substr(end + 1) : std::string_view();
  return value;
}

}  // namespace koegura::capture
