#include "call_table.h"

#include <algorithm>
#include <utility>

#include "call_text.h"
#include "json.h"
#include "text_width.h"
#include "time_text.h"

namespace koegura::tools {

namespace {

constexpr std::size_t kSample = 200;  // rows that size the columns
constexpr std::size_t kGap = 2;
// Of 26: the time's ten and six of the hash, which two calls of one millisecond hardly share.
constexpr std::size_t kShownId = 16;
constexpr std::size_t kTimeAlone = 19;  // "2026-11-21 10:15:02", without its offset
constexpr std::size_t kLeastParty = 8;
constexpr std::size_t kGoodParty = 12;
constexpr std::size_t kMostParty = 40;

// Takes up to `over` columns away from one, not below `least`.
void give(std::size_t& column, std::size_t least, std::size_t over) {
  if (column > least) column = std::max(least, column - std::min(column, over));
}

}  // namespace

CallTable::CallTable(std::string region, std::size_t columns, Print print)
    : region_(std::move(region)), columns_(columns), print_(std::move(print)) {}

void CallTable::add(const CallRecord& record) {
  if (sized_) return print_(line(row_of(record), false));
  waiting_.push_back(row_of(record));
  if (waiting_.size() == kSample) finish();
}

void CallTable::finish() {
  if (waiting_.empty()) return;
  size_columns();
  const Row heading = {.start = "START",
                       .direction = "DIR",
                       .caller = "CALLER",
                       .callee = "CALLEE",
                       .state = "STATE",
                       .talk = "TALK",
                       .id = "CALL"};
  print_(coloured(Colour::kBold, line(heading, true)));
  for (const Row& row : waiting_) print_(line(row, false));
  waiting_.clear();
}

CallTable::Row CallTable::row_of(const CallRecord& record) const {
  const std::string& direction = record.direction();
  return {.start = local_time(time_of(record.start())),
          .direction = direction == "unknown" ? "" : direction.substr(0, 3),  // in, out, int
          .caller = party_text(record.caller(), region_),
          .callee = party_text(record.callee(), region_),
          .state = record.state(),
          .talk = record.has_answered() ? clock_text(record.talk_s()) : "",
          .id = record.id().substr(0, kShownId)};
}

void CallTable::size_columns() {
  sized_ = true;
  widths_ = {.start = 0, .direction = 0, .caller = 6, .callee = 6, .state = 5, .talk = 4};
  const auto widen = [](std::size_t& column, const std::string& text, std::size_t most) {
    column = std::max(column, std::min(width_of(text), most));
  };
  for (const Row& row : waiting_) {
    widen(widths_.start, row.start, row.start.size());
    widen(widths_.direction, row.direction, 3);
    widen(widths_.caller, row.caller, kMostParty);
    widen(widths_.callee, row.callee, kMostParty);
    widen(widths_.state, row.state, row.state.size());
    widen(widths_.talk, row.talk, row.talk.size());
  }
  // A direction is known for all calls or, without archive.internal_numbers, for none.
  if (widths_.direction > 0) widths_.direction = 3;
  fit();
}

// First the parties give way, then the offset, then the parties again.
void CallTable::fit() {
  const auto over = [&] { return columns_ == 0 || width() <= columns_ ? 0 : width() - columns_; };
  give(widths_.caller, kGoodParty, (over() + 1) / 2);
  give(widths_.callee, kGoodParty, over());
  give(widths_.caller, kGoodParty, over());
  if (over() > 0) widths_.start = kTimeAlone;
  give(widths_.caller, kLeastParty, (over() + 1) / 2);
  give(widths_.callee, kLeastParty, over());
}

std::size_t CallTable::width() const {
  const std::size_t direction = widths_.direction == 0 ? 0 : widths_.direction + kGap;
  return widths_.start + kGap + direction + widths_.caller + kGap + widths_.callee + kGap +
         widths_.state + kGap + widths_.talk + kGap + kShownId;
}

std::string CallTable::line(const Row& row, bool is_heading) const {
  const std::string gap(kGap, ' ');
  const auto party = [&](const std::string& text, std::size_t width) {
    return padded(columns_ == 0 ? text : clipped(text, width), width) + gap;
  };
  std::string text = padded(row.start.substr(0, widths_.start), widths_.start) + gap;
  if (widths_.direction > 0) text += padded(row.direction, widths_.direction) + gap;
  text += party(row.caller, widths_.caller) + party(row.callee, widths_.callee);
  const std::string state = padded(row.state, widths_.state) + gap;
  text += is_heading ? state : coloured(colour_of_state(row.state), state);
  return text + padded_left(row.talk, widths_.talk) + gap + row.id;
}

}  // namespace koegura::tools
