#include "directory_csv.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "csv.h"
#include "file_text.h"
#include "name_term.h"
#include "number_pattern.h"
#include "store/number.h"
#include "utf8.h"

namespace koegura::store {

namespace {

constexpr std::size_t kFaultsKept = 20;
constexpr std::size_t kLongestName = 256;
constexpr std::size_t kShownBytes = 60;

enum Column : std::size_t { kNumber, kDepartment, kPerson, kValidFrom, kValidTo, kColumns };

struct ColumnRow {
  Column column;
  std::string_view name;  // in the form of name_term
};
constexpr std::array kNames = {
    ColumnRow{kNumber, "number"},    ColumnRow{kNumber, "番号"},
    ColumnRow{kNumber, "内線"},      ColumnRow{kNumber, "内線番号"},
    ColumnRow{kNumber, "電話番号"},  ColumnRow{kDepartment, "department"},
    ColumnRow{kDepartment, "部署"},  ColumnRow{kDepartment, "部署名"},
    ColumnRow{kDepartment, "課"},    ColumnRow{kDepartment, "課名"},
    ColumnRow{kDepartment, "所属"},  ColumnRow{kPerson, "person"},
    ColumnRow{kPerson, "氏名"},      ColumnRow{kPerson, "担当"},
    ColumnRow{kPerson, "担当者"},    ColumnRow{kValidFrom, "valid_from"},
    ColumnRow{kValidFrom, "開始日"}, ColumnRow{kValidTo, "valid_to"},
    ColumnRow{kValidTo, "終了日"}};
constexpr std::string_view kKnownColumns =
    "number 番号 内線, department 部署 課 所属, person 氏名 担当, valid_from 開始日, valid_to "
    "終了日";

// C0, DEL and C1; marks that turn the order of reading.
bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069);
}

bool has_control(std::string_view text) {
  while (!text.empty()) {
    if (is_control(take_character(text))) return true;
  }
  return false;
}

// Of a cell, for a message: not more than a line's worth of it, and nothing that steers a terminal.
std::string shown(std::string_view cell) {
  std::string text = "'";
  while (!cell.empty() && text.size() < kShownBytes) {
    const std::string_view before = cell;
    const bool hidden = is_control(take_character(cell));
    text += hidden ? "\xEF\xBF\xBD" : before.substr(0, before.size() - cell.size());
  }
  return text + (cell.empty() ? "'" : "…'");
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view kWide = "\xE3\x80\x80";  // U+3000
  while (true) {
    const bool is_wide = text.starts_with(kWide);
    if (!is_wide && !text.starts_with(' ') && !text.starts_with('\t')) break;
    text.remove_prefix(is_wide ? kWide.size() : 1);
  }
  while (true) {
    const bool is_wide = text.ends_with(kWide);
    if (!is_wide && !text.ends_with(' ') && !text.ends_with('\t')) break;
    text.remove_suffix(is_wide ? kWide.size() : 1);
  }
  return std::string(text);
}

using Places = std::array<std::optional<std::size_t>, kColumns>;

const ColumnRow* column_of(std::string_view heading) {
  const std::string term = name_term(heading);
  const auto* row = std::find_if(kNames.begin(), kNames.end(),
                                 [&](const ColumnRow& known) { return known.name == term; });
  return row == kNames.end() ? nullptr : row;
}

std::string unknown_column(const std::string& heading) {
  const bool other_separator = heading.find_first_of(";\t") != std::string::npos;
  if (other_separator) return "the columns must be separated by commas: save the file as CSV";
  return "unknown column " + shown(heading) + ": leave it out, or name it one of " +
         std::string(kKnownColumns);
}

// Where each column stands in the rows.
Places read_headings(const CsvRecord& record, DirectoryFaults& faults) {
  Places places;
  for (std::size_t i = 0; i < record.fields.size(); ++i) {
    const std::string heading = trimmed(record.fields[i]);
    const ColumnRow* known = column_of(heading);
    if (known == nullptr) {
      faults.add(record.line, unknown_column(heading));
    } else if (places[known->column]) {
      faults.add(record.line, "the column " + shown(heading) + " is there already, as " +
                                  shown(record.fields[*places[known->column]]) +
                                  ": leave one of them out");
    } else {
      places[known->column] = i;
    }
  }
  if (faults.count > 0) return places;
  if (!places[kNumber]) {
    faults.add(record.line,
               "no column for the number: the first row must name the columns, as in "
               "number,department,person,valid_from,valid_to");
  } else if (!places[kDepartment] && !places[kPerson]) {
    faults.add(record.line, "no column for the department, and none for the person: add one");
  }
  return places;
}

// One row's cells into a DirectoryRow; the first thing that is wrong ends it.
class RowReader {
 public:
  RowReader(const CsvRecord& record, const Places& places) : record_(record), places_(places) {}

  [[nodiscard]] tl::expected<DirectoryRow, std::string> read() {
    row_.line = record_.line;
    row_.number = trimmed(half_width(cell(kNumber)));
    row_.department = cell(kDepartment);
    row_.person = cell(kPerson);
    for (const auto check :
         {&RowReader::check_text, &RowReader::check_number, &RowReader::read_days}) {
      if (std::string fault = (this->*check)(); !fault.empty()) return tl::make_unexpected(fault);
    }
    return std::move(row_);
  }

 private:
  [[nodiscard]] std::string cell(Column column) const {
    return places_[column] ? trimmed(record_.fields[*places_[column]]) : std::string();
  }

  [[nodiscard]] std::string check_text() {
    for (const std::string& field : record_.fields) {
      if (has_control(field)) {
        return shown(field) + " holds a line break or another control character: take it out";
      }
    }
    for (const std::string* name : {&row_.department, &row_.person}) {
      if (name->size() > kLongestName) {
        return shown(*name) + " is longer than " + std::to_string(kLongestName) +
               " bytes: shorten it";
      }
    }
    if (row_.department.empty() && row_.person.empty()) {
      return "neither a department nor a person: name one, or take the row out";
    }
    return {};
  }

  [[nodiscard]] std::string check_number() {
    const std::string& number = row_.number;
    if (number.empty()) return "no number: give one, or take the row out";
    if (number.size() > kLongestNumber) {
      return "number " + shown(number) + " is longer than " + std::to_string(kLongestNumber) +
             " bytes";
    }
    const bool is_ascii = std::all_of(number.begin(), number.end(),
                                      [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    const bool has_fixed = std::any_of(number.begin(), number.end(), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
    if (!is_ascii || (!has_fixed && !is_number_pattern(number))) {
      return shown(number) + " is no number: digits, a SIP user's name, or a pattern such as 23??";
    }
    if (!has_fixed) return shown(number) + " matches every number: a pattern needs a digit";
    return {};
  }

  [[nodiscard]] std::string read_days() {
    if (std::string fault = read_day(kValidFrom, row_.valid_from); !fault.empty()) return fault;
    if (std::string fault = read_day(kValidTo, row_.valid_to); !fault.empty()) return fault;
    if (row_.valid_from && row_.valid_to && *row_.valid_to < *row_.valid_from) {
      return "ends on " + day_text(*row_.valid_to) + ", before it begins on " +
             day_text(*row_.valid_from);
    }
    return {};
  }

  [[nodiscard]] std::string read_day(Column column, std::optional<Day>& into) const {
    const std::string text = cell(column);
    if (text.empty()) return {};
    into = parse_day(text);
    if (into) return {};
    return shown(text) + " is no date: as in 2026-04-01, 2026/4/1 or 令和8年4月1日";
  }

  const CsvRecord& record_;
  const Places& places_;
  DirectoryRow row_;
};

std::string wrong_size(const CsvRecord& record, std::size_t headings) {
  return std::to_string(record.fields.size()) + " fields, and the heading has " +
         std::to_string(headings) + ": put a name with a comma in quotes";
}

}  // namespace

void DirectoryFaults::add(std::size_t line, std::string what) {
  ++count;
  if (first.size() < kFaultsKept) first.push_back({line, std::move(what)});
}

ParsedDirectory parse_directory(std::string_view bytes) {
  ParsedDirectory parsed;
  const auto text = file_text(bytes);
  if (!text) {
    parsed.faults.add(text.error().line, text.error().what);
    return parsed;
  }
  CsvReader csv(*text);
  const std::optional<CsvRecord> headings = csv.next();
  if (!headings || !headings->fault.empty()) {
    parsed.faults.add(
        headings ? headings->line : 0,
        headings ? std::string(headings->fault) : "is empty: a heading row must come first");
    return parsed;
  }
  const Places places = read_headings(*headings, parsed.faults);
  if (parsed.faults.count > 0) return parsed;

  while (const std::optional<CsvRecord> record = csv.next()) {
    if (parsed.rows.size() == kMaxDirectoryRows) {
      parsed.faults.add(record->line, "more than " + std::to_string(kMaxDirectoryRows) + " rows");
      break;
    }
    if (!record->fault.empty()) {
      parsed.faults.add(record->line, std::string(record->fault));
    } else if (record->fields.size() != headings->fields.size()) {
      parsed.faults.add(record->line, wrong_size(*record, headings->fields.size()));
    } else if (auto row = RowReader(*record, places).read(); row) {
      parsed.rows.push_back(std::move(*row));
    } else {
      parsed.faults.add(record->line, std::move(row.error()));
    }
  }
  return parsed;
}

std::string directory_csv(const std::vector<DirectoryRow>& rows) {
  const auto day = [](const std::optional<Day>& written) {
    return written ? day_text(*written) : std::string();
  };
  std::string text = "number,department,person,valid_from,valid_to\n";
  for (const DirectoryRow& row : rows) {
    text += csv_field(row.number) + ',' + csv_field(row.department) + ',' + csv_field(row.person) +
            ',' + day(row.valid_from) + ',' + day(row.valid_to) + '\n';
  }
  return text;
}

}  // namespace koegura::store
