#include "directory_text.h"

#include <algorithm>
#include <array>

#include "quantity_text.h"
#include "terminal.h"
#include "text_width.h"

namespace koegura::tools {

namespace {

using store::DirectoryChange;
using store::DirectoryRow;
using Kind = DirectoryChange::Kind;
using Cells = std::vector<std::string>;

std::string day_or_nothing(const std::optional<store::Day>& day) {
  return day ? store::day_text(*day) : "";
}

// Columns as wide as their widest cell; the last one as it is.
std::vector<std::string> aligned(const std::vector<Cells>& table) {
  std::vector<std::size_t> widths;
  for (const Cells& cells : table) {
    widths.resize(std::max(widths.size(), cells.size()));
    for (std::size_t i = 0; i < cells.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(cells[i]));
    }
  }
  std::vector<std::string> lines;
  for (const Cells& cells : table) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) line += padded(cells[i], widths[i] + 2);
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string_view mark_of(Kind kind) {
  switch (kind) {
    case Kind::kAdded:
      return "+";
    case Kind::kChanged:
      return "~";
    case Kind::kEnded:
      return "-";
  }
  return "";
}

std::string_view word_of(Kind kind) {
  switch (kind) {
    case Kind::kAdded:
      return "added";
    case Kind::kChanged:
      return "changed";
    case Kind::kEnded:
      return "ended";
  }
  return "";
}

std::string duration_of(const DirectoryChange& change) {
  const DirectoryRow& row = change.row;
  // A row that was to begin later, and is gone, has no end.
  if (change.kind == Kind::kEnded) {
    return row.valid_to ? "ends " + store::day_text(*row.valid_to) : "never begins";
  }
  std::string text = row.valid_from ? "from " + store::day_text(*row.valid_from) : "since ever";
  if (row.valid_to) text += " to " + store::day_text(*row.valid_to);
  return text;
}

}  // namespace

std::vector<std::string> directory_lines(const std::vector<DirectoryRow>& rows) {
  if (rows.empty()) return {};
  std::vector<Cells> table{{"NUMBER", "DEPARTMENT", "PERSON", "FROM", "TO"}};
  for (const DirectoryRow& row : rows) {
    table.push_back({printable(row.number), printable(row.department), printable(row.person),
                     day_or_nothing(row.valid_from), day_or_nothing(row.valid_to)});
  }
  std::vector<std::string> lines = aligned(table);
  lines.front() = coloured(Colour::kBold, lines.front());
  return lines;
}

std::vector<std::string> change_lines(const std::vector<DirectoryChange>& changes) {
  std::vector<Cells> table;
  for (const DirectoryChange& change : changes) {
    const DirectoryRow& row = change.row;
    table.push_back({std::string(mark_of(change.kind)) + ' ' + printable(row.number),
                     printable(row.department), printable(row.person), duration_of(change)});
  }
  return aligned(table);
}

std::string summary_text(const store::DirectoryImport& import) {
  return count_text(import.added) + " added, " + count_text(import.changed) + " changed, " +
         count_text(import.ended) + " ended, " + count_text(import.unchanged) + " unchanged";
}

DirectoryEntry entry_of(const DirectoryRow& row) {
  DirectoryEntry entry;
  entry.set_number(printable(row.number));
  entry.set_department(printable(row.department));
  entry.set_person(printable(row.person));
  entry.set_valid_from(day_or_nothing(row.valid_from));
  entry.set_valid_to(day_or_nothing(row.valid_to));
  return entry;
}

DirectoryStep step_of(const DirectoryChange& change) {
  DirectoryStep step;
  step.set_change(std::string(word_of(change.kind)));
  *step.mutable_entry() = entry_of(change.row);
  return step;
}

}  // namespace koegura::tools
