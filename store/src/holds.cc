#include "holds.h"

#include <algorithm>

#include "query.h"
#include "record.h"
#include "sha256.h"
#include "store/message_json.h"

namespace koegura::store {

namespace {

Duration duration_of(double seconds) {
  return std::chrono::round<Duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

Result<std::string> hold_line(const Hold& hold) {
  return message_json(hold).map_error([](Error error) {
    error.message.insert(0, "the hold ");
    return error;
  });
}

std::string hold_hash(std::string_view line) {
  return hex(sha256(line));
}

Result<std::vector<Hold>> parse_holds(std::string_view text) {
  std::vector<Hold> holds;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t size = text.find('\n');
    Hold hold;
    // What a newer program holds, this one would erase: its fields are refused.
    const bool is_hold = size != std::string_view::npos &&
                         parse_message_json(text.substr(0, size), hold, UnknownFields::kRefused);
    if (!is_hold) return failure("line " + std::to_string(number) + " is no hold");
    holds.push_back(std::move(hold));
    text.remove_prefix(size + 1);
  }
  return holds;
}

Result<std::string> holds_text(std::span<const Hold> holds) {
  std::string text;
  for (const Hold& hold : holds) {
    const Result<std::string> line = hold_line(hold);
    if (!line) return line;
    text += *line + '\n';
  }
  return text;
}

HoldFilter to_hold_filter(const CallFilter& filter) {
  HoldFilter hold;
  if (filter.from) *hold.mutable_from() = to_proto(*filter.from);
  if (filter.to) *hold.mutable_to() = to_proto(*filter.to);
  hold.set_number(filter.number);
  hold.set_department(filter.department);
  hold.set_person(filter.person);
  hold.set_withheld(filter.withheld);
  hold.set_state(filter.state);
  hold.set_direction(filter.direction);
  hold.set_conversation(filter.conversation);
  hold.set_tag(filter.tag);
  hold.set_text(filter.text);
  if (filter.longer_than) hold.set_longer_than_s(to_seconds(*filter.longer_than));
  if (filter.shorter_than) hold.set_shorter_than_s(to_seconds(*filter.shorter_than));
  return hold;
}

CallFilter to_call_filter(const HoldFilter& hold) {
  CallFilter filter;
  if (hold.has_from()) filter.from = from_proto(hold.from());
  if (hold.has_to()) filter.to = from_proto(hold.to());
  filter.number = hold.number();
  filter.department = hold.department();
  filter.person = hold.person();
  filter.withheld = hold.withheld();
  filter.state = hold.state();
  filter.direction = hold.direction();
  filter.conversation = hold.conversation();
  filter.tag = hold.tag();
  filter.text = hold.text();
  if (hold.has_longer_than_s()) filter.longer_than = duration_of(hold.longer_than_s());
  if (hold.has_shorter_than_s()) filter.shorter_than = duration_of(hold.shorter_than_s());
  return filter;
}

std::vector<std::string> legs_meant_by(const HoldFilter& filter) {
  std::vector<std::string> legs(filter.legs().begin(), filter.legs().end());
  if (!filter.conversation().empty()) legs.push_back(filter.conversation());
  std::sort(legs.begin(), legs.end());
  legs.erase(std::unique(legs.begin(), legs.end()), legs.end());
  return legs;
}

Holds::Holds(std::vector<Hold> holds, const std::string& region) : holds_(std::move(holds)) {
  for (const Hold& hold : holds_) {
    Held held;
    for (const HoldPlacing& placing : hold.placings()) {
      held.calls.insert(held.calls.end(), placing.calls().begin(), placing.calls().end());
      if (!placing.has_filter()) continue;
      CallFilter filter = to_call_filter(placing.filter());
      filter.conversation.clear();  // the legs say it, whatever its id is now
      held.filters.push_back(
          {.legs = legs_meant_by(placing.filter()), .matches = call_matcher(filter, region)});
    }
    std::sort(held.calls.begin(), held.calls.end());
    held_.push_back(std::move(held));
  }
}

bool Holds::HeldFilter::has_one_of(std::span<const CallRecord> conversation) const {
  const auto is_meant = [&](const CallRecord& leg) {
    return std::binary_search(legs.begin(), legs.end(), leg.id());
  };
  return (legs.empty() || std::any_of(conversation.begin(), conversation.end(), is_meant)) &&
         std::any_of(conversation.begin(), conversation.end(), matches);
}

bool Holds::Held::has_one_of(std::span<const CallRecord> conversation) const {
  const auto is_named = [&](const CallRecord& leg) {
    return std::binary_search(calls.begin(), calls.end(), leg.id());
  };
  return std::any_of(conversation.begin(), conversation.end(), is_named) ||
         std::any_of(filters.begin(), filters.end(),
                     [&](const HeldFilter& filter) { return filter.has_one_of(conversation); });
}

const Hold* Holds::find(std::string_view name) const {
  const auto found = std::find_if(holds_.begin(), holds_.end(),
                                  [&](const Hold& hold) { return hold.case_() == name; });
  return found == holds_.end() ? nullptr : &*found;
}

std::vector<std::string> Holds::cases_of(std::span<const CallRecord> legs) const {
  std::vector<std::string> cases;
  for (std::size_t i = 0; i < holds_.size(); ++i) {
    if (held_[i].has_one_of(legs)) cases.push_back(holds_[i].case_());
  }
  return cases;
}

}  // namespace koegura::store
