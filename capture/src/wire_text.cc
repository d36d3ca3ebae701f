#include "wire_text.h"

#include <iconv.h>

#include <algorithm>
#include <charconv>

#include "encoded_word.h"
#include "sip_grammar.h"

namespace koegura::capture {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::size_t kMaxTextBytes = 4096;

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Bytes of the well-formed UTF-8 sequence at the front, 0 if there is none (Unicode table 3-7).
std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [&text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto trails = [&byte](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  if (lead < 0xE0) return trails(1) ? 2 : 0;
  if (!trails(1) || !trails(2)) return 0;
  const unsigned second = byte(1);
  if (lead < 0xF0) {
    const bool overlong = lead == 0xE0 && second < 0xA0;
    const bool surrogate = lead == 0xED && second > 0x9F;
    return overlong || surrogate ? 0 : 3;
  }
  const bool overlong = lead == 0xF0 && second < 0x90;
  const bool beyond = lead == 0xF4 && second > 0x8F;
  return !trails(3) || overlong || beyond ? 0 : 4;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string with_replacements(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    result += length == 0 ? kReplacement : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return result;
}

std::string unfolded(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  bool folding = false;
  for (const char c : text) {
    if (c == '\r' || c == '\n') {
      folding = true;
    } else if (!folding || !is_lws(c)) {
      if (folding) result += ' ';
      folding = false;
      result += c;
    }
  }
  return result;
}

}  // namespace

std::string to_utf8(std::string_view text, const char* charset) {
  const iconv_t converter = iconv_open("UTF-8", charset);
  if (converter == reinterpret_cast<iconv_t>(-1)) return {};
  std::string result(text.size() * 3, '\0');  // one byte of these is at most three of UTF-8
  char* in = const_cast<char*>(text.data());  // iconv does not write through it
  char* out = result.data();
  std::size_t in_left = text.size();
  std::size_t out_left = result.size();
  const std::size_t status = iconv(converter, &in, &in_left, &out, &out_left);
  iconv_close(converter);
  if (status == static_cast<std::size_t>(-1)) return {};
  result.resize(result.size() - out_left);
  return result;
}

std::size_t character_length(std::string_view text) {
  const std::size_t utf8 = utf8_sequence(text);
  if (utf8 != 0) return utf8;
  const auto lead = static_cast<unsigned char>(text.front());
  const bool leads_two = (lead >= 0x81 && lead <= 0x9F) || (lead >= 0xE0 && lead <= 0xFC);
  const auto trail = static_cast<unsigned char>(text.size() > 1 ? text[1] : 0);
  return leads_two && trail >= 0x40 && trail != 0x7F && trail <= 0xFC ? 2 : 1;
}

std::string wire_text(std::string_view bytes) {
  const std::string_view bounded = bytes.substr(0, kMaxTextBytes);
  std::string text = bounded.find_first_of("\r\n") == std::string_view::npos ? std::string(bounded)
                                                                             : unfolded(bounded);
  if (is_ascii(text) || is_utf8(text)) return text;
  // CP932 is what the field calls Shift_JIS.
  std::string converted = to_utf8(text, "CP932");
  return converted.empty() ? with_replacements(text) : converted;
}

std::string unescaped_text(std::string_view quoted) {
  // Shift_JIS has 0x5C as a second byte ("表"): escapes are taken off only after conversion.
  std::string text = wire_text(quoted);
  if (quoted.find('\\') != std::string_view::npos) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\\' && i + 1 < text.size()) ++i;
      text[kept++] = text[i];
    }
    text.resize(kept);
  }
  return text.find("=?") == std::string::npos ? text : encoded_words_decoded(text);
}

std::string percent_decoded(std::string_view escaped) {
  if (escaped.find('%') == std::string_view::npos) return wire_text(escaped);
  std::string bytes;
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    unsigned char value = 0;
    const std::string_view digits = escaped.substr(i + 1, 2);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (escaped[i] == '%' && digits.size() == 2 && error == std::errc() &&
        end == digits.data() + 2) {
      bytes += static_cast<char>(value);
      i += 2;
    } else {
      bytes += escaped[i];
    }
  }
  return wire_text(bytes);
}

}  // namespace koegura::capture
