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
constexpr std::size_t kTimeAlone = 19;     // "2026-11-21 10:15:02", without its offset
constexpr std::size_t kTimeToMinute = 16;  // "2026-11-21 10:15"
constexpr std::size_t kLeastParty = 8;
constexpr std::size_t kLeastCalled = 5;  // of a conversation, which says who answered besides
constexpr std::size_t kLeastOfAll = 6;
constexpr std::size_t kLeastTags = 4;
constexpr std::size_t kMark = 2;  // and the space before it
constexpr std::size_t kGoodParty = 12;
constexpr std::size_t kMostParty = 40;

// Takes up to `over` columns away from one, not below `least`.
void give(std::size_t& column, std::size_t least, std::size_t over) {
  if (column > least) column = std::max(least, column - std::min(column, over));
}

std::string tags_of(const CallRecord& record) {
  std::string text;
  for (const std::string& tag : record.tags()) {
    text += (text.empty() ? "#" : " #") + printable(tag);
  }
  return text;
}

}  // namespace

CallTable::CallTable(Of of, std::string region, std::size_t columns, Print print)
    : of_(of), region_(std::move(region)), columns_(columns), print_(std::move(print)) {}

void CallTable::add(const CallRecord& record) {
  const std::string& direction = record.direction();
  add({.start = local_time(time_of(record.start())),
       .direction = direction == "unknown" ? "" : direction.substr(0, 3),  // in, out, int
       .caller = party_text(record.caller(), region_),
       .callee = party_text(record.callee(), region_),
       .answered_by = {},
       .state = record.state(),
       .talk = record.has_answered() ? clock_text(record.talk_s()) : "",
       .id = short_id(record.id()),
       .mark = marks_.of(record),
       .tags = tags_of(record)});
}

void CallTable::add(const ConversationRow& row) {
  add({.start = local_time(time_of(row.start())),
       .direction = {},
       .caller = party_text(row.caller(), region_),
       .callee = party_text(row.callee(), region_),
       .answered_by = row.has_answered_by() ? party_text(row.answered_by(), region_) : "",
       .state = row.state(),
       .talk = row.has_answered_by() ? clock_text(row.talk_s()) : "",
       .id = short_id(row.conversation()),
       .mark = {},
       .tags = {}});
}

void CallTable::add(Row row) {
  if (sized_) return print_(line(row, false));
  waiting_.push_back(std::move(row));
  if (waiting_.size() == kSample) finish();
}

void CallTable::finish() {
  if (waiting_.empty()) return;
  size_columns();
  const Row heading = {.start = "START",
                       .direction = "DIR",
                       .caller = "CALLER",
                       .callee = of_ == Of::kCalls ? "CALLEE" : "CALLED",
                       .answered_by = "ANSWERED BY",
                       .state = "STATE",
                       .talk = "TALK",
                       .id = of_ == Of::kCalls ? "CALL" : "CONVERSATION",
                       .mark = {},
                       .tags = {}};
  print_(coloured(Colour::kBold, line(heading, true)));
  for (const Row& row : waiting_) print_(line(row, false));
  waiting_.clear();
}

void CallTable::size_columns() {
  sized_ = true;
  widths_ = {.start = 0,
             .direction = 0,
             .caller = 6,
             .callee = 6,
             .answered_by = of_ == Of::kCalls ? std::size_t{0} : std::size_t{11},
             .state = 5,
             .talk = 4};
  const auto widen = [](std::size_t& column, const std::string& text, std::size_t most) {
    column = std::max(column, std::min(width_of(text), most));
  };
  for (const Row& row : waiting_) {
    widen(widths_.start, row.start, row.start.size());
    widen(widths_.direction, row.direction, 3);
    widen(widths_.caller, row.caller, kMostParty);
    widen(widths_.callee, row.callee, kMostParty);
    widen(widths_.answered_by, row.answered_by, kMostParty);
    widen(widths_.state, row.state, row.state.size());
    widen(widths_.talk, row.talk, row.talk.size());
  }
  // A direction is known for all calls or, without archive.internal_numbers, for none.
  if (widths_.direction > 0) widths_.direction = 3;
  fit();
}

// First the parties give way, then the offset, then the parties again; at last of conversations the
// seconds and the number called, which is not who answered.
void CallTable::fit() {
  const auto over = [&] { return columns_ == 0 || width() <= columns_ ? 0 : width() - columns_; };
  give(widths_.caller, kGoodParty, (over() + 1) / 2);
  give(widths_.callee, kGoodParty, over());
  give(widths_.answered_by, kGoodParty, over());
  give(widths_.caller, kGoodParty, over());
  if (over() > 0) widths_.start = kTimeAlone;
  give(widths_.caller, kLeastParty, (over() + 1) / 2);
  give(widths_.callee, kLeastParty, over());
  give(widths_.answered_by, kLeastParty, over());
  if (over() == 0) return;
  if (of_ == Of::kConversations) {
    widths_.start = kTimeToMinute;
    return give(widths_.callee, kLeastCalled, over());
  }
  give(widths_.caller, kLeastOfAll, (over() + 1) / 2);
  give(widths_.callee, kLeastOfAll, over());
}

std::size_t CallTable::width() const {
  const auto column = [](std::size_t width) { return width == 0 ? 0 : width + kGap; };
  const std::size_t mark = of_ == Of::kCalls ? kMark : 0;
  return widths_.start + kGap + column(widths_.direction) + widths_.caller + kGap + widths_.callee +
         kGap + column(widths_.answered_by) + widths_.state + kGap + widths_.talk + kGap +
         kShortId + mark;
}

std::string CallTable::line(const Row& row, bool is_heading) const {
  const std::string gap(kGap, ' ');
  const auto party = [&](const std::string& text, std::size_t width) {
    return padded(columns_ == 0 ? text : clipped(text, width), width) + gap;
  };
  std::string text = padded(row.start.substr(0, widths_.start), widths_.start) + gap;
  if (widths_.direction > 0) text += padded(row.direction, widths_.direction) + gap;
  text += party(row.caller, widths_.caller) + party(row.callee, widths_.callee);
  if (widths_.answered_by > 0) text += party(row.answered_by, widths_.answered_by);
  const std::string state = padded(row.state, widths_.state) + gap;
  text += is_heading ? state : coloured(colour_of_state(row.state), state);
  text += padded_left(row.talk, widths_.talk) + gap + row.id;
  if (!row.mark.empty()) text += ' ' + row.mark;
  if (row.tags.empty()) return text;
  // In what the columns leave over.
  const std::size_t taken = width() + kGap;
  if (columns_ == 0) return text + gap + row.tags;
  return taken + kLeastTags > columns_ ? text : text + gap + clipped(row.tags, columns_ - taken);
}

}  // namespace koegura::tools
