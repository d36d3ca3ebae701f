#include "call_matcher.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "index_format.h"
#include "name_term.h"
#include "record.h"

namespace koegura::store {

namespace {

constexpr auto kMillisecond = std::chrono::milliseconds(1);

// The names of both parties and of who answered; most are written as they were asked for.
bool has_name(const CallRecord& record, const std::string& (Party::*name_of)() const,
              const std::string& written, const std::string& term) {
  const std::array<const Party*, 3> parties = {&record.caller(), &record.callee(),
                                               &record.answered_by()};
  const auto is_written = [&](const Party* party) { return (party->*name_of)() == written; };
  const auto is_meant = [&](const Party* party) { return name_term((party->*name_of)()) == term; };
  return std::any_of(parties.begin(), parties.end(), is_written) ||
         std::any_of(parties.begin(), parties.end(), is_meant);
}

bool has_tag(const CallRecord& record, const std::string& term) {
  return std::any_of(record.tags().begin(), record.tags().end(),
                     [&](const std::string& tag) { return tag_term(tag) == term; });
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kWithheldInJapanese = {
    {{"非通知", "Anonymous"},
     {"公衆電話", "Coin line/payphone"},
     {"表示圏外", "Unavailable"},
     {"サービス競合", "Interaction with other service"}}};

bool is_withheld(const CallRecord& record, const std::string& term) {
  const std::string reason = name_term(record.caller().withheld());
  return !reason.empty() && (term == "any" || reason == term);
}

}  // namespace

std::string withheld_term(const std::string& text) {
  for (const auto& [japanese, reason] : kWithheldInJapanese) {
    if (text == japanese) return name_term(reason);
  }
  return name_term(text);
}

Verdict CandidateFilter::in_time(const Ulid& id) const {
  if (!from_ && !to_) return Verdict::kYes;
  const Timestamp first = time_in(id);
  // What began before 1970 has the id of its first millisecond.
  if (first == Timestamp()) return Verdict::kUnknown;
  const Timestamp end = first + kMillisecond;
  if ((from_ && end <= *from_) || (to_ && first >= *to_)) return Verdict::kNo;
  const bool is_inside = (!from_ || first >= *from_) && (!to_ || end <= *to_);
  return is_inside ? Verdict::kYes : Verdict::kUnknown;
}

Verdict CandidateFilter::operator()(const Candidate& candidate) const {
  Verdict facts = facts_.restricts() ? Verdict::kUnknown : Verdict::kYes;
  if (candidate.facts) facts = facts_(*candidate.facts);
  if (facts == Verdict::kNo) return facts;
  const Verdict time = in_time(candidate.id);
  return time == Verdict::kYes ? facts : time;
}

CallMatcher::CallMatcher(const CallFilter& filter, NumberPattern number)
    : filter_(filter),
      number_(std::move(number)),
      department_(name_term(filter.department)),
      person_(name_term(filter.person)),
      withheld_(withheld_term(filter.withheld)),
      tag_(tag_term(filter.tag)),
      text_(filter.text) {}

bool CallMatcher::operator()(const CallRecord& record) const {
  return in_time(record) && has_number(record) && has_outcome(record) && has_words(record);
}

bool CallMatcher::in_time(const CallRecord& record) const {
  const Timestamp start = from_proto(record.start());
  if (filter_.from && start < *filter_.from) return false;
  return !filter_.to || start < *filter_.to;
}

bool CallMatcher::has_number(const CallRecord& record) const {
  if (number_.forms.empty()) return true;
  for (const Party* party : {&record.caller(), &record.callee()}) {
    if (number_.matches(party->number())) return true;  // most are in lower case as they are
  }
  const std::vector<std::string> terms = number_terms(record);
  return std::any_of(terms.begin(), terms.end(),
                     [&](const std::string& term) { return number_.matches(term); });
}

bool CallMatcher::has_outcome(const CallRecord& record) const {
  if (!filter_.conversation.empty() && record.conversation() != filter_.conversation) return false;
  if (!filter_.state.empty() && record.state() != filter_.state) return false;
  if (!filter_.direction.empty() && record.direction() != filter_.direction) return false;
  if (filter_.longer_than && record.duration_s() <= to_seconds(*filter_.longer_than)) return false;
  return !filter_.shorter_than || record.duration_s() < to_seconds(*filter_.shorter_than);
}

bool CallMatcher::has_words(const CallRecord& record) const {
  if (!department_.empty() &&
      !has_name(record, &Party::department, filter_.department, department_)) {
    return false;
  }
  if (!person_.empty() && !has_name(record, &Party::person, filter_.person, person_)) return false;
  if (!withheld_.empty() && !is_withheld(record, withheld_)) return false;
  if (!tag_.empty() && !has_tag(record, tag_)) return false;
  return text_.empty() || text_.matches(record);
}

}  // namespace koegura::store
