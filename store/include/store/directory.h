// Directory: whose each of the city hall's numbers was, and when. Staff move every April; the
// directory keeps who was there before, and a call's record keeps what was true on its day.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/day.h"

namespace koegura::store {

struct DirectoryRow {
  // In any spelling, or a pattern as in archive.internal_numbers: "2301", "03-1234-5678", "23??".
  std::string number;
  std::string department;  // one of the two may be empty
  std::string person;
  std::optional<Day> valid_from;  // the first day; empty: since ever
  std::optional<Day> valid_to;    // the last day; empty: no end is known
  std::size_t line = 0;           // of the file it was read from

  [[nodiscard]] bool is_valid(Day day) const {
    return (!valid_from || *valid_from <= day) && (!valid_to || *valid_to >= day);
  }
};

// What tells rows of one number from those of another, however both are written.
[[nodiscard]] std::string directory_key(std::string_view number, const std::string& region);

// Free-threaded once it is made.
class Directory {
 public:
  Directory() = default;
  // REQUIRES: of rows with one key at most one is valid on a day.
  Directory(std::vector<DirectoryRow> rows, std::string region);

  // A whole number beats a pattern; of patterns the one with the most fixed characters wins, then
  // the one that began last. Null if the number, in any spelling, was nobody's that day. Time grows
  // with the patterns, not with the whole numbers.
  [[nodiscard]] const DirectoryRow* find(const std::string& number, Day day) const;
  [[nodiscard]] const std::vector<DirectoryRow>& rows() const { return rows_; }

 private:
  struct Pattern {
    std::string key;
    std::size_t fixed;  // characters
    std::size_t row;
  };

  [[nodiscard]] const DirectoryRow* find_whole(const std::string& key, Day day) const;

  std::vector<DirectoryRow> rows_;
  std::string region_;
  std::unordered_map<std::string, std::vector<std::size_t>> whole_;  // by key
  std::vector<Pattern> patterns_;                                    // the best first
};

}  // namespace koegura::store
