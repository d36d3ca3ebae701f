#include "retention_text.h"

#include <algorithm>
#include <array>

#include "call_query.h"
#include "json.h"
#include "quantity_text.h"
#include "status_text.h"
#include "store/archive.h"
#include "text_width.h"
#include "time_text.h"

namespace koegura::tools {

namespace {

using RuleCells = std::array<std::string, 7>;

std::string filter_text(const HoldFilter& filter) {
  CallQuery query{.filter = store::to_call_filter(filter), .after = {}};
  std::string text = query_text(query);
  std::replace(text.begin(), text.end(), '&', ' ');
  return percent_decoded(text).value_or(text);
}

std::string placing_text(const HoldPlacing& placing) {
  std::string what;
  if (placing.calls_size() > 0) {
    what = plural(static_cast<std::uint64_t>(placing.calls_size()), "call");
    constexpr int kShown = 3;
    for (int i = 0; i < std::min(placing.calls_size(), kShown); ++i) {
      what += (i == 0 ? " (" : ", ") + placing.calls(i);
    }
    what += placing.calls_size() > kShown ? ", …)" : ")";
  }
  if (placing.has_filter()) {
    what += (what.empty() ? "" : " and ") + ("calls with " + filter_text(placing.filter()));
  }
  return local_time(time_of(placing.time())) + "  " + placing.who() + "  " + what + ": " +
         placing.reason();
}

RuleCells cells_of(const RuleOutlook& row) {
  const std::string from = row.count_from() == "call" ? "" : " from April 1st";
  return {row.rule(),
          row.keep() + from,
          count_of(row.calls()),
          count_of(row.due()),
          count_of(row.held()),
          row.has_oldest() ? local_time(time_of(row.oldest())) : "",
          row.has_next_expires() ? local_time(time_of(row.next_expires())) : ""};
}

std::string line_of(const RuleCells& cells, const std::array<std::size_t, 7>& widths) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool is_number = i >= 2 && i <= 4;
    line += i == 0 ? "" : "  ";
    line += is_number ? padded_left(cells[i], widths[i]) : padded(cells[i], widths[i]);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string clock_line(const RetentionOutlook& outlook) {
  if (!outlook.refusal().empty()) return "now         nothing may be erased: " + outlook.refusal();
  return "now         what expired by " + local_time(time_of(outlook.due_until())) +
         " may be erased: " + plural(static_cast<std::uint64_t>(outlook.due()), "call") +
         (outlook.due() > 0 ? ", by `koegura retention run`" : "");
}

}  // namespace

std::vector<std::string> hold_lines(const Hold& hold) {
  std::vector<std::string> lines = {printable(hold.case_())};
  for (const HoldPlacing& placing : hold.placings()) {
    lines.push_back("  " + printable(placing_text(placing)));
  }
  return lines;
}

std::vector<std::string> outlook_lines(const RetentionOutlook& outlook) {
  std::vector<RuleCells> rows = {{"RULE", "KEEP", "CALLS", "DUE", "HELD", "OLDEST", "NEXT TO GO"}};
  for (const RuleOutlook& row : outlook.rules()) rows.push_back(cells_of(row));
  std::array<std::size_t, 7> widths{};
  for (RuleCells& cells : rows) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      cells[i] = printable(cells[i]);
      widths[i] = std::max(widths[i], width_of(cells[i]));
    }
  }
  std::vector<std::string> lines = {clock_line(outlook)};
  if (outlook.has_lived_until()) {
    lines.push_back("clock       " + local_time(time_of(outlook.now())) + "; the ledger proves " +
                    local_time(time_of(outlook.lived_until())));
  }
  if (!outlook.delay().empty()) lines.push_back("            " + outlook.delay());
  lines.emplace_back();
  for (const RuleCells& cells : rows) lines.push_back(line_of(cells, widths));
  return lines;
}

std::string due_line(const DueCall& call) {
  return local_time(time_of(call.start())) + "  " + call.id() + "  " + printable(call.rule()) +
         ", expired " + local_time(time_of(call.expired()));
}

}  // namespace koegura::tools
