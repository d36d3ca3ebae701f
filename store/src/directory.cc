#include "store/directory.h"

#include <algorithm>
#include <array>
#include <utility>

#include "number_pattern.h"
#include "store/number.h"

namespace koegura::store {

namespace {

constexpr std::string_view kPunctuation = "-. ()/";

// A pattern is compared character by character: what people write between digits is left out.
std::string pattern_key(std::string_view written) {
  const bool has_letter = std::any_of(written.begin(), written.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
  std::string key = number_term(written);
  if (!has_letter) {
    std::erase_if(key, [](char c) { return kPunctuation.find(c) != std::string_view::npos; });
  }
  return key;
}

}  // namespace

std::string directory_key(std::string_view number, const std::string& region) {
  const std::string half = half_width(number);
  if (is_number_pattern(half)) return pattern_key(half);
  return number_term(normalise_number(half, region));
}

Directory::Directory(std::vector<DirectoryRow> rows, std::string region)
    : rows_(std::move(rows)), region_(std::move(region)) {
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    std::string key = directory_key(rows_[i].number, region_);
    if (!is_number_pattern(key)) {
      whole_[std::move(key)].push_back(i);
      continue;
    }
    const auto fixed = static_cast<std::size_t>(
        std::count_if(key.begin(), key.end(), [](char c) { return c != '?' && c != '*'; }));
    patterns_.push_back({std::move(key), fixed, i});
  }
  std::stable_sort(patterns_.begin(), patterns_.end(), [&](const Pattern& a, const Pattern& b) {
    if (a.fixed != b.fixed) return a.fixed > b.fixed;
    return rows_[a.row].valid_from > rows_[b.row].valid_from;  // nothing is less than a day
  });
}

const DirectoryRow* Directory::find_whole(const std::string& key, Day day) const {
  const auto rows = whole_.find(key);
  if (rows == whole_.end()) return nullptr;
  for (const std::size_t row : rows->second) {
    if (rows_[row].is_valid(day)) return &rows_[row];
  }
  return nullptr;
}

const DirectoryRow* Directory::find(const std::string& number, Day day) const {
  if (number.empty() || number.size() > kLongestNumber || rows_.empty()) return nullptr;
  const std::string normalised = normalise_number(number, region_);
  if (const DirectoryRow* row = find_whole(number_term(normalised), day)) return row;
  const std::array<std::string, 2> spellings{number_term(normalised),
                                             number_term(national_number(normalised, region_))};
  for (const Pattern& pattern : patterns_) {
    const bool matches =
        rows_[pattern.row].is_valid(day) && (matches_number_pattern(pattern.key, spellings[0]) ||
                                             matches_number_pattern(pattern.key, spellings[1]));
    if (matches) return &rows_[pattern.row];
  }
  return nullptr;
}

}  // namespace koegura::store
