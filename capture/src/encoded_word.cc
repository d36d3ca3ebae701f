#include "encoded_word.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include "capture/base64.h"
#include "sip_grammar.h"
#include "wire_text.h"

namespace koegura::capture {
namespace {

struct Charset {
  std::string_view name;  // as RFC 2047 writes it
  const char* iconv;
};

// What Japanese and European phones send.
constexpr Charset kCharsets[] = {
    {"utf-8", "UTF-8"},          {"us-ascii", "UTF-8"},        {"iso-2022-jp", "ISO-2022-JP"},
    {"shift_jis", "CP932"},      {"windows-31j", "CP932"},     {"euc-jp", "EUC-JP"},
    {"iso-8859-1", "ISO8859-1"}, {"iso-8859-15", "ISO8859-15"}};

const char* iconv_name(std::string_view charset) {
  charset = charset.substr(0, charset.find('*'));  // a language behind it (RFC 2231 §5)
  for (const Charset& known : kCharsets) {
    if (iequals(known.name, charset)) return known.iconv;
  }
  return nullptr;
}

// The "Q" encoding (§4.2).
std::optional<std::string> from_q(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c != '=') {
      bytes += c == '_' ? ' ' : c;
      continue;
    }
    std::uint8_t value = 0;
    const std::string_view digits = text.substr(0, 2);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2) return std::nullopt;
    bytes += static_cast<char>(value);
    text.remove_prefix(2);
  }
  return bytes;
}

struct Word {
  std::string text;
  std::size_t length = 0;  // of the encoded form
};

// "=?" charset "?" encoding "?" text "?=" at the front.
std::optional<Word> read_word(std::string_view text) {
  std::string_view rest = text.substr(2);
  const std::string_view charset = split_off(rest, '?');
  const std::string_view encoding = split_off(rest, '?');
  const std::size_t end = rest.find('?');
  const char* const from = iconv_name(charset);
  if (from == nullptr || encoding.size() != 1) return std::nullopt;
  if (end == std::string_view::npos || !rest.substr(end).starts_with("?=")) return std::nullopt;
  const std::string_view encoded = rest.substr(0, end);
  const auto bytes = lower(encoding[0]) == 'b'   ? from_base64(encoded)
                     : lower(encoding[0]) == 'q' ? from_q(encoded)
                                                 : std::nullopt;
  if (!bytes) return std::nullopt;
  Word word{to_utf8(*bytes, from), static_cast<std::size_t>(rest.data() - text.data()) + end + 2};
  if (word.text.empty() && !bytes->empty()) return std::nullopt;
  return word;
}

}  // namespace

std::string encoded_words_decoded(std::string_view text) {
  std::string result;
  bool behind_word = false;
  while (!text.empty()) {
    const std::size_t at = text.find("=?");
    const std::string_view plain = text.substr(0, at);
    const auto word = at == std::string_view::npos ? std::nullopt : read_word(text.substr(at));
    const bool joined = behind_word && word && trim(plain).empty();
    if (!joined) result += plain;
    if (at == std::string_view::npos) break;
    result += word ? std::string_view(word->text) : text.substr(at, 2);
    text.remove_prefix(at + (word ? word->length : 2));
    behind_word = word.has_value();
  }
  return result;
}

}  // namespace koegura::capture
