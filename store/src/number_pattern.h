// number_pattern: numbers as the settings and the directory name many at once: "23??", "03555*".
// Free-threaded.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace koegura::store {

// Bytes. A user part of the wire may be much longer, and is nobody's number then.
inline constexpr std::size_t kLongestNumber = 64;

[[nodiscard]] bool is_number_pattern(std::string_view written);

// '?' one digit, '*' any run of characters. Time: the product of both sizes.
[[nodiscard]] bool matches_number_pattern(std::string_view pattern, std::string_view number);

}  // namespace koegura::store
