// quantity_text: counts, sizes and lists as people read them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace koegura::tools {

[[nodiscard]] std::string count_text(std::uint64_t count);  // "1,234,567"
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);  // "98 B", "1.2 GB" (powers of ten)
[[nodiscard]] std::string decimal_text(double value, unsigned places);  // "4.41"

// Sizes as settings have them, in powers of two: "64MiB", "1GiB", "1000".
[[nodiscard]] std::string size_text(std::uint64_t bytes);
[[nodiscard]] std::optional<std::int64_t> parse_size(std::string_view text);

// "1 call", "2 calls"
[[nodiscard]] std::string plural(std::uint64_t count, const std::string& noun);

// "a, b, c"
[[nodiscard]] std::string joined(const std::vector<std::string>& texts);

}  // namespace koegura::tools
