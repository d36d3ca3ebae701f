#include "number_pattern.h"

namespace koegura::store {

bool is_number_pattern(std::string_view written) {
  return written.find_first_of("?*") != std::string_view::npos;
}

// Walks both; at a mismatch the last '*' takes one more.
bool matches_number_pattern(std::string_view pattern, std::string_view number) {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_number = 0;
  while (n < number.size()) {
    const bool is_digit = number[n] >= '0' && number[n] <= '9';
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_number = n;
    } else if (p < pattern.size() && (pattern[p] == number[n] || (pattern[p] == '?' && is_digit))) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++star_number;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace koegura::store
