#include "due_calls.h"

#include <algorithm>
#include <utility>

#include "call_walk.h"
#include "query.h"
#include "record.h"
#include "ulid.h"

namespace koegura::store {

namespace {

using std::chrono::hours;
using std::chrono::seconds;

// The proof is exact to milliseconds, and never more than it proves is used.
constexpr Duration kProofMargin = seconds(1);
// A proof that is behind by less is not worth a word: the machine was started anew.
constexpr Duration kWorthTelling = hours(24);

WalkRange whole_range() {
  WalkRange range;
  range.ids.last.bytes.fill(0xFF);
  range.oldest_first = true;
  return range;
}

// When it began, as far as the record and the ledger know better than the clock of then.
Timestamp began(const CallRecord& record, const LivedTime& lived) {
  const Timestamp start = from_proto(record.start());
  double most = 0;
  double sum = 0;
  for (const CallClockStep& step : record.clock_steps()) {
    sum += step.by_s();
    most = std::max(most, sum);
  }
  constexpr double kMost = 5e9;
  const auto set_on =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::min(most, kMost)));
  return std::max(lived.true_start(start), start + set_on);
}

struct Judged {
  RetentionPolicy::Verdict verdict;
  std::vector<std::string> cases;
};

Result<Judged> judge(const Index& index, const RetentionView& view, const CallRecord& record) {
  Judged judged{.verdict = view.policy->judge(record, began(record, view.lived)), .cases = {}};
  if (view.holds->empty()) return judged;
  auto cases = cases_of(index, *view.holds, record);
  if (!cases) return tl::make_unexpected(std::move(cases).error());
  judged.cases = std::move(*cases);
  return judged;
}

using VisitCall = std::function<Result<bool>(CallRecord& record)>;

Result<void> walk(const Index& index, const WalkRange& range, const VisitCall& visit) {
  const Result<std::unique_ptr<CallWalk>> calls = walk_all(index, range);
  if (!calls) return tl::make_unexpected(calls.error());
  CallRecord record;
  while (true) {
    const Result<bool> more = (*calls)->next(record);
    if (!more) return tl::make_unexpected(more.error());
    if (!*more) return {};
    const Result<bool> goes_on = visit(record);
    if (!goes_on) return tl::make_unexpected(goes_on.error());
    if (!*goes_on) return {};
  }
}

RuleOutlook rule_row(std::string_view name, const KeepPeriod& period) {
  RuleOutlook row;
  row.set_rule(std::string(name));
  row.set_keep(keep_text(period.keep));
  row.set_count_from(std::string(name_of(period.count_from)));
  return row;
}

void count(RuleOutlook& row, const CallRecord& record, const Judged& judged,
           std::optional<Timestamp> until) {
  row.set_calls(row.calls() + 1);
  if (!row.has_oldest()) *row.mutable_oldest() = record.start();
  if (!judged.cases.empty()) {
    row.set_held(row.held() + 1);
    return;
  }
  if (until && judged.verdict.expires <= *until) {
    row.set_due(row.due() + 1);
    return;
  }
  if (row.has_next_expires() && from_proto(row.next_expires()) <= judged.verdict.expires) return;
  *row.mutable_next_expires() = to_proto(judged.verdict.expires);
}

}  // namespace

std::optional<Timestamp> due_until(const RetentionView& view) {
  const std::optional<Timestamp> lived = view.lived.until();
  if (!view.now.synchronised || !lived) return std::nullopt;
  return std::min(view.now.time, *lived - kProofMargin);
}

RetentionOutlook clock_outlook(const RetentionView& view) {
  RetentionOutlook outlook;
  *outlook.mutable_now() = to_proto(view.now.time);
  outlook.set_clock_synchronised(view.now.synchronised);
  const std::optional<Timestamp> lived = view.lived.until();
  if (lived) *outlook.mutable_lived_until() = to_proto(*lived);
  if (const auto until = due_until(view)) *outlook.mutable_due_until() = to_proto(*until);
  if (!view.now.synchronised) {
    outlook.set_refusal(
        "the clock is not synchronised: see `timedatectl`; nothing is erased until it is");
  } else if (!lived) {
    outlook.set_refusal(
        "there is no ledger yet that proves the time: it begins with the next recorder or replay");
  } else if (view.now.time - *lived > kWorthTelling) {
    outlook.set_delay(
        "the ledger proves less time than the clock shows: the machine was off, or its clock was "
        "set. If the clock is right, `koegura retention confirm` says so");
  }
  return outlook;
}

Result<void> for_each_leg(const Index& index, const Ulid& conversation,
                          const std::function<bool(CallRecord& leg)>& visit) {
  CallFilter filter;
  filter.conversation = conversation.text();
  filter.oldest_first = true;
  return query_index(index, filter, /*region=*/{}, visit);  // there is no number in it
}

Result<std::vector<std::string>> cases_of(const Index& index, const Holds& holds,
                                          const CallRecord& record) {
  const std::optional<Ulid> conversation = Ulid::parse(record.conversation());
  if (!conversation) return holds.cases_of({&record, 1});
  std::vector<CallRecord> legs = {record};
  const Result<void> read = for_each_leg(index, *conversation, [&](CallRecord& leg) {
    legs.push_back(std::move(leg));
    return true;
  });
  if (!read) return tl::make_unexpected(read.error());
  return holds.cases_of(legs);
}

Result<void> for_each_due(const Index& index, const RetentionView& view, Timestamp until,
                          const VisitDue& visit) {
  WalkRange range = whole_range();
  range.ids.last = ulids_at(nothing_expires_from(until, view.policy->rules())).last;
  return walk(index, range, [&](CallRecord& record) -> Result<bool> {
    const Result<Judged> judged = judge(index, view, record);
    if (!judged) return tl::make_unexpected(judged.error());
    if (judged->verdict.expires > until || !judged->cases.empty()) return true;
    const std::optional<Ulid> id = Ulid::parse(record.id());
    const Result<bool> erased = id ? is_erased(index, *id) : false;
    if (!erased || *erased) return erased.map([](bool) { return true; });
    return visit({.record = std::move(record),
                  .rule = std::string(judged->verdict.name),
                  .expired = judged->verdict.expires});
  });
}

Result<void> fill_rules(const Index& index, const RetentionView& view, RetentionOutlook& outlook) {
  const RetentionRules& rules = view.policy->rules();
  for (const RetentionRule& rule : rules.rules) {
    *outlook.add_rules() = rule_row(rule.name, rule.period);
  }
  *outlook.add_rules() = rule_row(kDefaultRule, rules.otherwise);
  const std::optional<Timestamp> until = due_until(view);
  const auto add = [&](CallRecord& record) -> Result<bool> {
    const Result<Judged> judged = judge(index, view, record);
    if (!judged) return tl::make_unexpected(judged.error());
    count(*outlook.mutable_rules(static_cast<int>(judged->verdict.rule)), record, *judged, until);
    return true;
  };
  if (Result<void> walked = walk(index, whole_range(), add); !walked) return walked;
  for (const RuleOutlook& row : outlook.rules()) {
    outlook.set_calls(outlook.calls() + row.calls());
    outlook.set_due(outlook.due() + row.due());
    outlook.set_held(outlook.held() + row.held());
  }
  return {};
}

}  // namespace koegura::store
