// Any bytes are a directory or are refused with a line. What is taken is written and read back as
// it was; importing it again, on any day, changes nothing; and nobody has two names on one day.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "directory_plan.h"

namespace {

using namespace koegura::store;

void check(bool is_so) {
  if (!is_so) std::abort();
}

DirectoryPlan plan(std::vector<DirectoryRow> known, std::vector<DirectoryRow> news, int day) {
  DirectoryImportOptions options;
  options.today = Day(std::chrono::days(20'000 + day * 100));
  options.replace = day % 2 == 1;
  return plan_import(std::move(known), std::move(news), options);
}

void check_order(const std::vector<DirectoryRow>& rows) {
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const DirectoryRow& before = rows[i - 1];
    if (directory_key(before.number, "JP") != directory_key(rows[i].number, "JP")) continue;
    check(before.valid_to && rows[i].valid_from && *before.valid_to < *rows[i].valid_from);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const ParsedDirectory parsed = parse_directory(bytes);
  check(parsed.faults.first.size() <= parsed.faults.count);
  if (parsed.faults.count > 0) return 0;
  const DirectoryPlan first = plan({}, parsed.rows, 0);
  if (first.faults.count > 0) return 0;
  check_order(first.rows);
  const std::string csv = directory_csv(first.rows);
  for (const int day : {0, 1, 4, 7}) {
    const ParsedDirectory again = parse_directory(csv);
    check(again.faults.count == 0 && again.rows.size() == first.rows.size());
    const DirectoryPlan second = plan(first.rows, again.rows, day);
    check(second.faults.count == 0 && second.import.changes.empty());
    check(directory_csv(second.rows) == csv);
    // As it came, in pieces, it may be refused; what is taken is in order.
    const auto half = static_cast<std::ptrdiff_t>(parsed.rows.size() / 2);
    const DirectoryPlan piece = plan({}, {parsed.rows.begin(), parsed.rows.begin() + half}, day);
    if (piece.faults.count > 0) continue;
    const DirectoryPlan whole = plan(piece.rows, parsed.rows, day);
    if (whole.faults.count == 0) check_order(whole.rows);
  }
  const Directory directory(first.rows, "JP");
  for (const DirectoryRow& row : first.rows) {
    static_cast<void>(directory.find(row.number, row.valid_from.value_or(Day{})));
  }
  return 0;
}
