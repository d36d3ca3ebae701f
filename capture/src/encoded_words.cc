#include "encoded_words.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "sip_grammar.h"
#include "wire_text.h"

namespace koegura::capture {
namespace {

struct Charset {
  std::string_view name;
  const char* iconv_name;
};
// A name from the wire never reaches iconv, which would load what it names.
constexpr std::array<Charset, 9> kCharsets = {{{"utf-8", "UTF-8"},
                                               {"us-ascii", "UTF-8"},
                                               {"iso-2022-jp", "ISO-2022-JP"},
                                               {"shift_jis", "CP932"},
                                               {"shift-jis", "CP932"},
                                               {"windows-31j", "CP932"},
                                               {"cp932", "CP932"},
                                               {"euc-jp", "EUC-JP-MS"},
                                               {"iso-8859-1", "ISO-8859-1"}}};

const char* iconv_name_of(std::string_view charset) {
  charset = charset.substr(0, charset.find('*'));  // "utf-8*ja" (RFC 2231 §5)
  for (const Charset& known : kCharsets) {
    if (iequals(known.name, charset)) return known.iconv_name;
  }
  return nullptr;
}

std::optional<unsigned> base64_digit(char c) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t digit = kDigits.find(c);
  if (digit == std::string_view::npos) return std::nullopt;
  return static_cast<unsigned>(digit);
}

std::optional<std::string> from_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  unsigned bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const auto digit = base64_digit(c);
    if (!digit) return std::nullopt;
    held = (held << 6U | *digit) & 0xFFFFU;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(held >> bits & 0xFFU);
  }
  return bytes;
}

// The Q encoding (RFC 2047 §4.2): '_' is a space, "=41" is A.
std::optional<std::string> from_q(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=') {
      bytes += text[i] == '_' ? ' ' : text[i];
      continue;
    }
    unsigned char value = 0;
    const std::string_view digits = text.substr(i + 1, 2);
    const char* const behind = digits.data() + digits.size();
    const auto [end, error] = std::from_chars(digits.data(), behind, value, 16);
    if (digits.size() != 2 || error != std::errc() || end != behind) return std::nullopt;
    bytes += static_cast<char>(value);
    i += 2;
  }
  return bytes;
}

// encoded-word = "=?" charset "?" encoding "?" encoded-text "?="
struct Word {
  const char* charset = nullptr;
  std::string bytes;
  std::size_t length = 0;  // of the word as written
};

std::optional<Word> word_at(std::string_view text) {
  if (!text.starts_with("=?")) return std::nullopt;
  std::string_view rest = text.substr(2);
  Word word;
  word.charset = iconv_name_of(split_off(rest, '?'));
  const std::string_view encoding = split_off(rest, '?');
  const std::size_t end = rest.find("?=");
  if (word.charset == nullptr || end == std::string_view::npos) return std::nullopt;
  const std::string_view encoded = rest.substr(0, end);
  std::optional<std::string> bytes;
  if (iequals(encoding, "B")) bytes = from_base64(encoded);
  if (iequals(encoding, "Q")) bytes = from_q(encoded);
  if (!bytes) return std::nullopt;
  word.bytes = std::move(*bytes);
  word.length = text.size() - rest.size() + end + 2;
  return word;
}

// Gathers neighbours of one charset, as senders cut words in the middle of a character.
class Decoded {
 public:
  void add_word(Word word, std::string_view written) {
    if (word.charset != charset_) flush();
    charset_ = word.charset;
    bytes_ += word.bytes;
    written_ += written;
  }
  void add_text(std::string_view text) {
    flush();
    text_ += text;
  }
  // White space between two words is not shown (RFC 2047 §6.2).
  void add_space(std::string_view space, bool before_word) {
    if (charset_ == nullptr) {
      text_ += space;
    } else if (before_word) {
      written_ += space;
    } else {
      add_text(space);
    }
  }
  std::string take() {
    flush();
    return std::move(text_);
  }

 private:
  void flush() {
    if (charset_ == nullptr) return;
    const std::string decoded = text_in_charset(bytes_, charset_);
    text_ += decoded.empty() && !bytes_.empty() ? written_ : decoded;
    charset_ = nullptr;
    bytes_.clear();
    written_.clear();
  }

  std::string text_;
  const char* charset_ = nullptr;
  std::string bytes_;
  std::string written_;
};

std::size_t space_at(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && is_lws(text[length])) ++length;
  return length;
}

}  // namespace

std::string decoded_words(std::string text) {
  if (text.find("=?") == std::string::npos) return text;
  Decoded decoded;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t space = space_at(rest);
    auto word = word_at(rest.substr(space));
    if (space > 0) decoded.add_space(rest.substr(0, space), word.has_value());
    rest.remove_prefix(space);
    if (word) {
      const std::string_view written = rest.substr(0, word->length);
      rest.remove_prefix(word->length);
      decoded.add_word(std::move(*word), written);
      continue;
    }
    // At least one byte on, so that a "=?" that begins no word is passed.
    const std::size_t next = std::min(rest.find("=?", 1), rest.find_first_of(" \t", 1));
    if (!rest.empty()) decoded.add_text(rest.substr(0, next));
    rest = next >= rest.size() ? std::string_view() : rest.substr(next);
  }
  return decoded.take();
}

}  // namespace koegura::capture
