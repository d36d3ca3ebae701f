// directory_csv: the rows of a directory out of CSV, each checked for itself. Free-threaded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/directory_file.h"

namespace koegura::store {

// The first of them, and how many there are.
struct DirectoryFaults {
  std::vector<DirectoryFault> first;
  std::size_t count = 0;

  void add(std::size_t line, std::string what);
};

// Bytes in any encoding of file_text.h. With faults the rows are those without.
struct ParsedDirectory {
  std::vector<DirectoryRow> rows;
  DirectoryFaults faults;
};
[[nodiscard]] ParsedDirectory parse_directory(std::string_view bytes);

}  // namespace koegura::store
