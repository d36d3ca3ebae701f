#include "retention_desk.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "disk_trim.h"
#include "ledger_format.h"
#include "query.h"
#include "record.h"

namespace koegura::store {

namespace {

constexpr std::uint32_t kMostAtOnce = 256;  // calls of one request
constexpr std::size_t kAEntry = 32;         // calls whose tombstones are synced together
constexpr std::size_t kMostShown = 10'000;

}  // namespace

RetentionDesk::RetentionDesk(const ArchiveFolder& folder, Index& index,
                             const ArchiveOptions& options)
    : folder_(folder),
      index_(index),
      region_(options.region),
      clock_(options.clock),
      holds_(holds_path(folder.path()), options.region),
      lived_(folder.path()),
      policy_(std::make_shared<const RetentionPolicy>(options.retention, options.region)) {}

void RetentionDesk::set_rules(const RetentionRules& rules) {
  auto policy = std::make_shared<const RetentionPolicy>(rules, region_);
  const MutexLock lock(mutex_);
  policy_ = std::move(policy);
}

std::shared_ptr<const RetentionPolicy> RetentionDesk::policy() {
  const MutexLock lock(mutex_);
  return policy_;
}

Result<RetentionView> RetentionDesk::view() {
  auto holds = holds_.get();
  if (!holds) return tl::make_unexpected(std::move(holds).error());
  Result<LivedTime> lived = lived_.get();
  if (!lived) return tl::make_unexpected(std::move(lived).error());
  const BoxMoment now = clock_();
  lived->observe(now);
  return RetentionView{
      .policy = policy(), .holds = std::move(*holds), .lived = std::move(*lived), .now = now};
}

RetentionDesk::Fill RetentionDesk::filling() {
  const auto known = holds_.get();
  if (!known) {
    return [](CallRecord& record) -> Result<void> {
      record.clear_retention();
      return {};
    };
  }
  return [this, holds = *known, policy = policy()](CallRecord& record) -> Result<void> {
    const RetentionPolicy::Verdict verdict = policy->judge(record);
    record.clear_retention();
    Retention& retention = *record.mutable_retention();
    *retention.mutable_expires() = to_proto(verdict.expires);
    retention.set_rule(std::string(verdict.name));
    if (holds->empty()) return {};
    const auto cases = cases_of(index_, *holds, record);
    if (!cases) return tl::make_unexpected(cases.error());
    for (const std::string& name : *cases) retention.add_holds(name);
    return {};
  };
}

Result<RetentionOutlook> RetentionDesk::outlook(Outlook wanted) {
  const Result<RetentionView> view = this->view();
  if (!view) return tl::make_unexpected(view.error());
  RetentionOutlook outlook = clock_outlook(*view);
  Result<void> walked;
  if (wanted == Outlook::kRules) walked = fill_rules(index_, *view, outlook);
  const std::optional<Timestamp> until = due_until(*view);
  if (wanted == Outlook::kDue && until) walked = add_due(*view, *until, outlook);
  if (!walked) return tl::make_unexpected(std::move(walked).error());
  return outlook;
}

Result<void> RetentionDesk::add_due(const RetentionView& view, Timestamp until,
                                    RetentionOutlook& outlook) const {
  return for_each_due(index_, view, until, [&](const ExpiredCall& call) {
    outlook.set_due(outlook.due() + 1);
    if (static_cast<std::size_t>(outlook.due_calls_size()) >= kMostShown) return true;
    DueCall& shown = *outlook.add_due_calls();
    shown.set_id(call.record.id());
    *shown.mutable_start() = call.record.start();
    shown.set_rule(call.rule);
    *shown.mutable_expired() = to_proto(call.expired);
    return true;
  });
}

Result<HoldList> RetentionDesk::holds() {
  return holds_.get().map([](const std::shared_ptr<const Holds>& holds) {
    HoldList list;
    for (const Hold& hold : holds->list()) *list.add_holds() = hold;
    return list;
  });
}

Result<void> RetentionDesk::for_each_held(const Hold& hold, const HoldPlacing& placing,
                                          const Holds& holds, const VisitRecord& visit) const {
  const auto visit_all = [&](const auto& calls, const auto& is_held) -> Result<void> {
    for (const std::string& id : calls) {
      const Result<CallRecord> record = call(id);
      if (!record && record.error().kind == ErrorKind::kNotFound) continue;
      const Result<bool> held = record.and_then(is_held);
      if (!held) return tl::make_unexpected(held.error());
      if (*held) visit(*record);
    }
    return {};
  };
  const auto always = [](const CallRecord&) -> Result<bool> { return true; };
  if (Result<void> named = visit_all(placing.calls(), always); !named) return named;
  if (!placing.has_filter()) return {};
  const std::vector<std::string> legs = legs_meant_by(placing.filter());
  if (legs.empty()) {
    return query_index(index_, to_call_filter(placing.filter()), region_,
                       [&](const CallRecord& record) {
                         visit(record);
                         return true;
                       });
  }
  return visit_all(legs, [&](const CallRecord& leg) {
    return cases_of(index_, holds, leg).map([&](const std::vector<std::string>& cases) {
      return std::find(cases.begin(), cases.end(), hold.case_()) != cases.end();
    });
  });
}

Result<std::vector<Ulid>> RetentionDesk::held_for(const std::string& name) {
  const auto holds = holds_.get();
  if (!holds) return tl::make_unexpected(holds.error());
  const Hold* const hold = (*holds)->find(name);
  if (hold == nullptr) {
    return failure("nothing is held for the case '" + name + "': `koegura hold list` shows what is",
                   ErrorKind::kNotFound);
  }
  std::set<Ulid> conversations;
  const auto add = [&](const CallRecord& record) {
    if (const auto id = Ulid::parse(record.conversation())) conversations.insert(*id);
  };
  for (const HoldPlacing& placing : hold->placings()) {
    if (Result<void> found = for_each_held(*hold, placing, **holds, add); !found) {
      return tl::make_unexpected(std::move(found).error());
    }
  }
  std::vector<Ulid> calls;
  for (const Ulid& conversation : conversations) {
    const Result<void> read = for_each_leg(index_, conversation, [&](const CallRecord& leg) {
      if (const auto id = Ulid::parse(leg.id())) calls.push_back(*id);
      return true;
    });
    if (!read) return tl::make_unexpected(read.error());
  }
  std::sort(calls.begin(), calls.end());
  return calls;
}

// ---- changes --------------------------------------------------------------------------------

Result<void> RetentionDesk::begin_writing(IdLocks& writing, LedgerClerk& clerk) {
  const MutexLock lock(changing_);
  const auto append = [&clerk](LedgerEntry entry) { return clerk.append(std::move(entry)); };
  writer_.emplace(Writer{.clerk = clerk,
                         .holds = HoldChanges(folder_.path(), holds_, append),
                         .erasure = Erasure(folder_, index_, writing, clerk)});
  static_cast<void>(writer_->erasure.complete_begun());
  return writer_->holds.recover();
}

Result<CallRecord> RetentionDesk::call(const std::string& id) const {
  const std::optional<Ulid> parsed = Ulid::parse(id);
  Result<std::optional<CallRecord>> record =
      parsed ? index_.get(*parsed) : std::optional<CallRecord>();
  if (!record) return tl::make_unexpected(std::move(record).error());
  if (!*record) return failure("no call " + id, ErrorKind::kNotFound);
  return std::move(**record);
}

Result<PlaceHold> RetentionDesk::resolved(PlaceHold wanted) const {
  for (const std::string& id : wanted.calls()) {
    const Result<CallRecord> named = call(id);
    if (!named) return tl::make_unexpected(named.error());
  }
  if (!wanted.has_filter()) return wanted;
  HoldFilter& filter = *wanted.mutable_filter();
  filter.clear_legs();
  if (filter.conversation().empty()) return wanted;
  const Result<CallRecord> leg = call(filter.conversation());
  if (!leg) return tl::make_unexpected(leg.error());
  const std::optional<Ulid> conversation = Ulid::parse(leg->conversation());
  if (!conversation) return wanted;
  const Result<void> read = for_each_leg(index_, *conversation, [&](const CallRecord& each) {
    filter.add_legs(each.id());
    return true;
  });
  if (!read) return tl::make_unexpected(read.error());
  return wanted;
}

Result<ArchiveChanged> RetentionDesk::place(const PlaceHold& wanted, const std::string& who) {
  const MutexLock lock(changing_);
  const Result<PlaceHold> resolved = this->resolved(wanted);
  if (!resolved) return tl::make_unexpected(resolved.error());
  const std::string& by = who.empty() ? writer_->clerk.who() : who;
  return writer_->holds.place(*resolved, by, clock_().time).map([] { return ArchiveChanged(); });
}

Result<ArchiveChanged> RetentionDesk::lift(const LiftHold& wanted, const std::string& who) {
  const MutexLock lock(changing_);
  return writer_->holds.lift(wanted, who).map([] { return ArchiveChanged(); });
}

// What was erased is in the index's older files until they are written anew.
void RetentionDesk::wipe(Erased& outcome) {
  if (const Result<void> wiped = index_.wipe(); !wiped) {
    outcome.add_problems("the index's older files still have what was erased: " +
                         wiped.error().message);
  }
  const Result<std::uint64_t> trimmed = trim_free_blocks(folder_.path());
  if (trimmed) {
    outcome.set_trimmed(static_cast<double>(*trimmed));
  } else {
    outcome.set_not_trimmed(trimmed.error().message);
  }
}

Result<ArchiveChanged> RetentionDesk::erase(const EraseDue& wanted, const std::string& who) {
  const MutexLock lock(changing_);
  ArchiveChanged changed;
  Erased& outcome = *changed.mutable_erased();
  if (Result<void> done = writer_->erasure.complete_begun(); !done) {
    outcome.add_problems("what was erased before cannot be removed: " + done.error().message);
  }
  if (wanted.wipe()) {
    wipe(outcome);
    return changed;
  }
  const Result<RetentionView> view = this->view();
  if (!view) return tl::make_unexpected(view.error());
  const std::optional<Timestamp> until = due_until(*view);
  if (!until) {
    outcome.set_refusal(clock_outlook(*view).refusal());
    return changed;
  }
  const std::size_t most = std::clamp(wanted.most(), 1U, kMostAtOnce);
  std::vector<ExpiredCall> due;
  const Result<void> walked = for_each_due(index_, *view, *until, [&](ExpiredCall call) {
    outcome.set_more(due.size() == most);
    if (outcome.more()) return false;
    due.push_back(std::move(call));
    return true;
  });
  if (!walked) return tl::make_unexpected(walked.error());
  for (std::span<const ExpiredCall> rest(due); !rest.empty();) {
    const std::span<const ExpiredCall> now = rest.first(std::min(rest.size(), kAEntry));
    rest = rest.subspan(now.size());
    if (Result<void> erased = writer_->erasure.erase(now, who, outcome); !erased) {
      return tl::make_unexpected(std::move(erased).error());
    }
  }
  return changed;
}

Result<ArchiveChanged> RetentionDesk::confirm(const ConfirmClock& wanted, const std::string& who) {
  const MutexLock lock(changing_);
  if (wanted.reason().empty()) return failure("a confirmation has a reason", ErrorKind::kUsage);
  Result<LivedTime> lived = lived_.get();
  if (!lived) return tl::make_unexpected(std::move(lived).error());
  const BoxMoment now = clock_();
  lived->observe(now);
  if (!now.synchronised) {
    return failure(
        "the clock is not synchronised: see `timedatectl`; only one that is can be "
        "confirmed");
  }
  LedgerEntry entry;
  entry.set_kind(std::string(kClockConfirmedEntry));
  entry.set_who(who);
  entry.set_reason(wanted.reason());
  if (const auto until = lived->until()) *entry.mutable_from() = to_proto(*until);
  *entry.mutable_to() = to_proto(now.time);
  return writer_->clerk.append(std::move(entry)).map([] { return ArchiveChanged(); });
}

}  // namespace koegura::store
