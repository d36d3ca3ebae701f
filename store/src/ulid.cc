#include "ulid.h"

#include <algorithm>

namespace koegura::store {

namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr unsigned kBitsPerCharacter = 5;
// 26 characters hold 130 bits: the first two are always zero.
constexpr unsigned kLeadingZeroBits = 2;
constexpr unsigned kFirstCharacterLimit = 8;
constexpr std::size_t kTimeSize = 6;  // bytes of milliseconds

std::optional<unsigned> value_of(char character) {
  if (character >= 'a' && character <= 'z') character = static_cast<char>(character - 'a' + 'A');
  if (character == 'O') character = '0';
  if (character == 'I' || character == 'L') character = '1';
  const std::size_t value = kAlphabet.find(character);
  if (value == std::string_view::npos) return std::nullopt;
  return static_cast<unsigned>(value);
}

}  // namespace

std::string Ulid::text() const {
  std::string text;
  text.reserve(kTextSize);
  std::uint32_t waiting = 0;
  unsigned bits = kLeadingZeroBits;
  for (const std::uint8_t byte : bytes) {
    waiting = waiting << 8U | byte;
    bits += 8;
    while (bits >= kBitsPerCharacter) {
      bits -= kBitsPerCharacter;
      text.push_back(kAlphabet[waiting >> bits & 0x1FU]);
    }
    waiting &= (1U << bits) - 1;
  }
  return text;
}

std::optional<Ulid> Ulid::parse(std::string_view text) {
  if (text.size() != kTextSize) return std::nullopt;
  Ulid ulid;
  std::size_t filled = 0;
  std::uint32_t waiting = 0;
  unsigned bits = 0;
  for (const char character : text) {
    const std::optional<unsigned> value = value_of(character);
    if (!value) return std::nullopt;
    const bool is_first = bits == 0 && filled == 0;
    if (is_first && *value >= kFirstCharacterLimit) return std::nullopt;
    waiting = waiting << kBitsPerCharacter | *value;
    bits += is_first ? kBitsPerCharacter - kLeadingZeroBits : kBitsPerCharacter;
    if (bits < 8) continue;
    bits -= 8;
    ulid.bytes[filled++] = static_cast<std::uint8_t>(waiting >> bits);
    waiting &= (1U << bits) - 1;
  }
  return ulid;
}

Ulid make_ulid(Timestamp time, const std::array<std::uint8_t, Ulid::kTailSize>& tail) {
  const Duration since_1970 = std::max(time.time_since_epoch(), Duration::zero());
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(since_1970);
  const auto nanoseconds = static_cast<std::uint32_t>((since_1970 - milliseconds).count());
  Ulid ulid;
  for (unsigned i = 0; i < kTimeSize; ++i) {
    ulid.bytes[i] = static_cast<std::uint8_t>(milliseconds.count() >> (40U - 8U * i));
  }
  ulid.bytes[6] = static_cast<std::uint8_t>(nanoseconds >> 12U);
  ulid.bytes[7] = static_cast<std::uint8_t>(nanoseconds >> 4U);
  std::copy(tail.begin(), tail.end(), ulid.bytes.begin() + 8);
  ulid.bytes[8] = static_cast<std::uint8_t>((nanoseconds & 0xFU) << 4U | (tail[0] & 0xFU));
  return ulid;
}

Timestamp time_in(const Ulid& id) {
  std::int64_t milliseconds = 0;
  for (std::size_t i = 0; i < kTimeSize; ++i) milliseconds = milliseconds << 8U | id.bytes[i];
  return Timestamp(std::chrono::milliseconds(milliseconds));
}

std::optional<UlidRange> ulids_with_prefix(std::string_view prefix) {
  if (prefix.size() > Ulid::kTextSize) return std::nullopt;
  std::string lowest(prefix);
  lowest.resize(Ulid::kTextSize, '0');
  std::string highest(prefix);
  if (highest.empty()) highest.push_back('7');
  highest.resize(Ulid::kTextSize, 'Z');
  const std::optional<Ulid> first = Ulid::parse(lowest);
  const std::optional<Ulid> last = Ulid::parse(highest);
  if (!first || !last) return std::nullopt;
  return UlidRange{*first, *last};
}

UlidRange ulids_at(Timestamp time) {
  UlidRange range;
  range.first = make_ulid(std::chrono::floor<std::chrono::milliseconds>(time), {});
  range.last = range.first;
  std::fill(range.last.bytes.begin() + kTimeSize, range.last.bytes.end(), std::uint8_t{0xFF});
  return range;
}

}  // namespace koegura::store
