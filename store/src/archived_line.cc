#include "archived_line.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "ulid.h"

namespace koegura::store {

namespace {

constexpr std::size_t kHexDigits = 64;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f');
}

// Crockford's alphabet, as ids are written.
bool is_id_character(char c) {
  return is_digit(c) ||
         (c >= 'A' && c <= 'Z' && std::string_view("ILOU").find(c) == std::string_view::npos);
}

// Text that stands in JSON as it is.
bool is_plain(char c) {
  return c >= ' ' && c <= '~' && std::string_view("\"\\<>&").find(c) == std::string_view::npos;
}

class LineCursor {
 public:
  explicit LineCursor(std::string_view line) : rest_(line) {}

  [[nodiscard]] bool skip(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  // The characters that are so.
  template <typename IsSo>
  [[nodiscard]] std::string_view take_while(IsSo is_so) {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_so);
    const auto size = static_cast<std::size_t>(end - rest_.begin());
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::optional<std::uint64_t> whole_number(std::string_view digits) {
  constexpr std::size_t kMostDigits = 9;  // fewer than a uint32 has
  if (digits.empty() || digits.size() > kMostDigits) return std::nullopt;
  if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

unsigned two_digits(std::string_view text, std::size_t at) {
  return static_cast<unsigned>(text[at] - '0') * 10 + static_cast<unsigned>(text[at + 1] - '0');
}

// "2026-11-21T01:15:02.123Z" of this century; leap days are left to the parser.
bool is_time(std::string_view text) {
  constexpr std::string_view kShape = "20dd-dd-ddTdd:dd:dd";
  constexpr std::array<unsigned, 13> kDays = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (text.size() < kShape.size()) return false;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    if (kShape[i] == 'd' ? !is_digit(text[i]) : text[i] != kShape[i]) return false;
  }
  const unsigned month = two_digits(text, 5);
  const unsigned day = two_digits(text, 8);
  if (month < 1 || month > 12 || day < 1 || day > kDays[month]) return false;
  if (two_digits(text, 11) > 23 || two_digits(text, 14) > 59 || two_digits(text, 17) > 59) {
    return false;
  }
  std::string_view fraction = text.substr(kShape.size());
  if (fraction.empty()) return true;
  const bool is_length = fraction.size() == 4 || fraction.size() == 7 || fraction.size() == 10;
  return is_length && fraction.front() == '.' &&
         std::all_of(fraction.begin() + 1, fraction.end(), is_digit);
}

}  // namespace

std::optional<ArchivedLine> read_archived_line(std::string_view line) {
  LineCursor cursor(line);
  ArchivedLine read;
  if (!cursor.skip("{\"sequence\":")) return std::nullopt;
  const auto sequence = whole_number(cursor.take_while(is_digit));
  if (!sequence || !cursor.skip(",\"time\":\"")) return std::nullopt;
  if (!is_time(cursor.take_while([](char c) { return c != 'Z' && c != '"'; }))) return std::nullopt;
  if (!cursor.skip("Z\",\"kind\":\"archived\",\"who\":\"")) return std::nullopt;
  if (cursor.take_while(is_plain).empty() || !cursor.skip("\",\"call\":\"")) return std::nullopt;
  read.sequence = *sequence;
  read.call = cursor.take_while(is_id_character);
  if (!cursor.skip("\",\"file_sha256\":\"")) return std::nullopt;
  read.file_sha256 = cursor.take_while(is_hex);
  if (!cursor.skip("\",\"record_sha256\":\"")) return std::nullopt;
  read.record_sha256 = cursor.take_while(is_hex);
  if (!cursor.skip("\"")) return std::nullopt;
  read.adopted = cursor.skip(",\"adopted\":true");
  const bool is_whole =
      cursor.skip("}") && cursor.at_end() && read.call.size() == Ulid::kTextSize &&
      read.file_sha256.size() == kHexDigits && read.record_sha256.size() == kHexDigits;
  if (!is_whole) return std::nullopt;
  return read;
}

}  // namespace koegura::store
