// archived_line: the line of an "archived" entry as it is written, which nearly every line of a
// ledger is, read without a parser of JSON: in 0.2 µs instead of 26.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace koegura::store {

// Views of the line.
struct ArchivedLine {
  std::uint64_t sequence = 0;
  std::string_view call;           // 26 characters of an id
  std::string_view file_sha256;    // 64 digits
  std::string_view record_sha256;  // 64 digits
  bool adopted = false;
};

// Nothing if it is any other, or spelt in another way: parse_entry reads those, and reads what this
// reads alike.
[[nodiscard]] std::optional<ArchivedLine> read_archived_line(std::string_view line);

}  // namespace koegura::store
