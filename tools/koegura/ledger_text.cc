#include "ledger_text.h"

#include <cmath>
#include <vector>

#include "json.h"
#include "quantity_text.h"
#include "text_width.h"
#include "time_text.h"

namespace koegura::tools {

namespace {

constexpr std::size_t kSequenceColumns = 7;
constexpr std::size_t kKindColumns = 10;
constexpr std::size_t kWhoColumns = 8;
constexpr unsigned kStepPlaces = 3;

std::string figure_text(const LedgerFigure& figure) {
  const double value = figure.value();
  const bool is_count = value >= 0 && value == std::floor(value);
  return figure.name() + " " +
         (is_count ? count_text(static_cast<std::uint64_t>(value)) : decimal_text(value, 1));
}

std::string stretch_text(const LedgerEntry& entry) {
  if (!entry.has_from()) return "";
  std::string text = "from " + local_time(time_of(entry.from()));
  if (entry.has_to()) text += " to " + local_time(time_of(entry.to()));
  return text;
}

}  // namespace

std::string ledger_line(const LedgerEntry& entry) {
  std::vector<std::string> facts;
  const auto add = [&](std::string fact) {
    if (!fact.empty()) facts.push_back(std::move(fact));
  };
  add(entry.call());
  if (entry.adopted()) add("was there before its entry");
  add(entry.action());
  add(joined({entry.filters().begin(), entry.filters().end()}));
  add(entry.bundle());
  add(entry.case_());
  if (!entry.rule().empty()) {
    add("rule " + entry.rule() + ", expired " + local_time(time_of(entry.expired())));
  }
  add(entry.reason());
  add(entry.ground());
  add(entry.recipient().empty() ? "" : "for " + entry.recipient());
  add(joined({entry.sources().begin(), entry.sources().end()}));
  add(entry.version().empty() ? "" : "koegura " + entry.version());
  add(stretch_text(entry));
  if (entry.by_s() != 0) {
    add((entry.by_s() > 0 ? "+" : "") + decimal_text(entry.by_s(), kStepPlaces) + " s");
  }
  for (const LedgerFigure& figure : entry.figures()) add(figure_text(figure));
  std::string line = padded_left(std::to_string(entry.sequence()), kSequenceColumns) + "  " +
                     local_time(time_of(entry.time())) + "  " +
                     padded(printable(entry.kind()), kKindColumns) + "  " +
                     padded(printable(entry.who()), kWhoColumns);
  line += "  " + printable(joined(facts));
  return line;
}

}  // namespace koegura::tools
