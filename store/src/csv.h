// Csv: the records of RFC 4180, one by one, with the line on which each begins. Lines may end in LF
// alone.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace koegura::store {

struct CsvRecord {
  std::size_t line = 1;
  std::vector<std::string> fields;
  std::string_view fault;  // why it cannot be read, and what to do; empty if it can
};

class CsvReader {
 public:
  // REQUIRES: the text, valid UTF-8 without a byte order mark, outlives this.
  explicit CsvReader(std::string_view text) : rest_(text) {}

  // Nothing at the end. Records without anything in them (",,,") are passed over. After one with a
  // fault the next begins on the next line.
  [[nodiscard]] std::optional<CsvRecord> next();

 private:
  void take_record(CsvRecord& record);
  [[nodiscard]] std::string_view take_field(std::string& field);
  [[nodiscard]] std::string_view take_quoted(std::string& field);
  [[nodiscard]] bool at_line_end() const;
  void skip_line();
  std::string_view take(std::size_t size);

  std::string_view rest_;
  std::size_t line_ = 1;
};

// As a field is written: in quotes where it needs them.
[[nodiscard]] std::string csv_field(std::string_view text);

}  // namespace koegura::store
