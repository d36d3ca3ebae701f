#include "utf8.h"

#include <cassert>
#include <cstdint>

namespace koegura::store {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

struct Lead {
  std::size_t size;   // of the whole character; 0 if the byte cannot begin one
  char32_t bits;      // what the lead byte holds of it
  char32_t smallest;  // a smaller one would be an overlong form
};

Lead lead_of(std::uint8_t byte) {
  if (byte < 0x80) return {1, byte, 0};
  if (byte >= 0xC2 && byte < 0xE0) return {2, byte & 0x1FU, 0x80};
  if (byte >= 0xE0 && byte < 0xF0) return {3, byte & 0x0FU, 0x800};
  if (byte >= 0xF0 && byte < 0xF5) return {4, byte & 0x07U, 0x10000};
  return {0, 0, 0};
}

// Size of the character at the front, 0 if there is none.
std::size_t decode_character(std::string_view text, char32_t& character) {
  const Lead lead = lead_of(static_cast<std::uint8_t>(text.front()));
  if (lead.size == 0 || lead.size > text.size()) return 0;
  character = lead.bits;
  for (std::size_t i = 1; i < lead.size; ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if ((byte & 0xC0U) != 0x80) return 0;
    character = character << 6U | (byte & 0x3FU);
  }
  const bool is_surrogate = character >= 0xD800 && character < 0xE000;
  if (character < lead.smallest || character > 0x10FFFF || is_surrogate) return 0;
  return lead.size;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    char32_t character = 0;
    const std::size_t size = decode_character(text, character);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string to_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    char32_t character = 0;
    const std::size_t size = decode_character(text, character);
    out.append(size == 0 ? kReplacement : text.substr(0, size));
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

char32_t take_character(std::string_view& text) {
  assert(!text.empty());
  char32_t character = 0xFFFD;
  const std::size_t size = decode_character(text, character);
  text.remove_prefix(size == 0 ? 1 : size);
  return size == 0 ? char32_t{0xFFFD} : character;
}

}  // namespace koegura::store
