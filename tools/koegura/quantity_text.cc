#include "quantity_text.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace koegura::tools {

namespace {

struct ByteUnit {
  std::string_view name;
  unsigned shift;
};
constexpr std::array kByteUnits = {ByteUnit{"GiB", 30}, ByteUnit{"MiB", 20}, ByteUnit{"KiB", 10}};

}  // namespace

std::string count_text(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t i = text.size(); i > 3;) text.insert(i -= 3, 1, ',');
  return text;
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  // 999.5 would be written as 1000.
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return decimal_text(value, unit > 0 && value < 9.95 ? 1 : 0) + ' ' + kUnits[unit];
}

std::string decimal_text(double value, unsigned places) {
  std::array<char, 400> text{};
  std::snprintf(text.data(), text.size(), "%.*f", static_cast<int>(places), value);
  return text.data();
}

std::string size_text(std::uint64_t bytes) {
  for (const ByteUnit& unit : kByteUnits) {
    const std::uint64_t size = std::uint64_t{1} << unit.shift;
    if (bytes != 0 && bytes % size == 0) {
      return std::to_string(bytes / size) + std::string(unit.name);
    }
  }
  return std::to_string(bytes);
}

std::optional<std::int64_t> parse_size(std::string_view text) {
  unsigned shift = 0;
  for (const ByteUnit& unit : kByteUnits) {
    if (text.ends_with(unit.name)) {
      text.remove_suffix(unit.name.size());
      shift = unit.shift;
      break;
    }
  }
  std::uint32_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? std::optional(static_cast<std::int64_t>(count) << shift) : std::nullopt;
}

std::string plural(std::uint64_t count, const std::string& noun) {
  return count_text(count) + ' ' + noun + (count == 1 ? "" : "s");
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

}  // namespace koegura::tools
