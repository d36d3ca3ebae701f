// direction_of: who of the two belongs to the city hall, by the numbers that the config names, or
// by who registered.
#include <algorithm>
#include <array>

#include "record.h"
#include "store/number.h"

namespace koegura::store {

namespace {

// '?' one digit, '*' any run of characters. Walks both; at a mismatch the last '*' takes one more.
bool matches_pattern(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    const bool is_digit = text[t] >= '0' && text[t] <= '9';
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == text[t] || (pattern[p] == '?' && is_digit))) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// The pattern may be written as the number stands on the wire, in its national or in its normalised
// form.
bool is_internal(const std::string& user, const ArchiveOptions& options) {
  if (user.empty()) return false;
  const std::string normalised = normalise_number(user, options.region);
  const std::array<std::string, 3> spellings{user, normalised,
                                             national_number(normalised, options.region)};
  return std::any_of(
      options.internal_numbers.begin(), options.internal_numbers.end(), [&](const auto& pattern) {
        const bool is_whole = pattern.find_first_of("?*") == std::string::npos;
        if (is_whole && normalise_number(pattern, options.region) == normalised) return true;
        return std::any_of(spellings.begin(), spellings.end(), [&](const auto& spelling) {
          return matches_pattern(pattern, spelling);
        });
      });
}

std::string name_of(capture::CallDirection direction) {
  switch (direction) {
    case capture::CallDirection::kUnknown:
      return "unknown";
    case capture::CallDirection::kIn:
      return "in";
    case capture::CallDirection::kOut:
      return "out";
    case capture::CallDirection::kInternal:
      return "internal";
  }
  return "";
}

}  // namespace

std::string direction_of(const capture::FinishedCall& call, const ArchiveOptions& options) {
  const bool caller = is_internal(call.caller.user, options);
  const bool callee = is_internal(call.callee.user, options);
  if (caller && callee) return "internal";
  if (caller) return "out";
  if (callee) return "in";
  return name_of(call.direction);
}

}  // namespace koegura::store
