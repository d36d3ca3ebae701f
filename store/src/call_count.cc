// count_index: how many calls a filter has, from the counts of whole days, else from the keys, and
// from records only where keys do not decide.
#include <algorithm>
#include <chrono>
#include <limits>

#include "call_facts.h"
#include "call_matcher.h"
#include "call_walk.h"
#include "day_counts.h"
#include "index_format.h"
#include "query.h"
#include "query_plan.h"

namespace koegura::store {

namespace {

constexpr auto kDay = std::chrono::hours(24);

// Days that lie within the filter's time as a whole; none if last < first.
struct WholeDays {
  std::int64_t first = 1;  // what began before 1970 has an id of day 0: its records know
  std::int64_t last = std::numeric_limits<std::uint32_t>::max();
};

WholeDays whole_days(const CallFilter& filter) {
  const auto day_before = [](Timestamp time) {
    return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
  };
  WholeDays days;
  if (filter.from) {
    days.first = std::max<std::int64_t>(days.first, day_before(*filter.from - Duration(1)) + 1);
  }
  if (filter.to) days.last = std::min<std::int64_t>(days.last, day_before(*filter.to) - 1);
  return days;
}

Timestamp begin_of(std::int64_t day) {
  return Timestamp(day * kDay);
}

class Counter {
 public:
  Counter(const Index& index, const CallFilter& filter, const std::string& region)
      : index_(index),
        filter_(filter),
        number_(parse_number_pattern(filter.number, region)),
        region_(region),
        facts_(filter) {}

  [[nodiscard]] Result<std::uint64_t> count() {
    const Result<bool> has_counts = index_.has_derived_keys();
    if (!has_counts) return tl::make_unexpected(has_counts.error());
    const WholeDays days = whole_days(filter_);
    const bool is_by_days = *has_counts && is_of_time_and_outcome() && days.first <= days.last;
    return is_by_days ? by_days(days) : by_keys(filter_);
  }

 private:
  [[nodiscard]] bool is_of_time_and_outcome() const {
    return number_.forms.empty() && filter_.conversation.empty() && filter_.department.empty() &&
           filter_.person.empty() && filter_.withheld.empty() && filter_.tag.empty() &&
           filter_.text.empty() && facts_.is_of_outcomes();
  }

  [[nodiscard]] Result<std::uint64_t> by_days(const WholeDays& days) {
    Result<std::uint64_t> count = in_whole_days(days);
    CallFilter before = filter_;
    before.to = begin_of(days.first);
    if (count) count = plus(*count, before);
    if (!filter_.to) return count;
    CallFilter after = filter_;
    after.from = begin_of(days.last + 1);
    return count ? plus(*count, after) : count;
  }
  [[nodiscard]] Result<std::uint64_t> plus(std::uint64_t count, const CallFilter& part) {
    return by_keys(part).map([&](std::uint64_t more) { return count + more; });
  }

  [[nodiscard]] Result<std::uint64_t> in_whole_days(const WholeDays& days) {
    const Result<std::unique_ptr<IndexCursor>> cursor = index_.cursor();
    if (!cursor) return tl::make_unexpected(cursor.error());
    IndexCursor& at = **cursor;
    std::uint64_t count = 0;
    for (at.seek(count_key(static_cast<std::uint32_t>(days.first))); at.valid(); at.next()) {
      const std::optional<std::uint32_t> day = day_of_count_key(at.key());
      if (!day || *day > days.last) break;
      const auto counts = decode_day_counts(at.value());
      if (!counts) {
        return failure("the index's counts cannot be read: `koegura reindex` rebuilds it");
      }
      for (const auto& [outcome, calls] : *counts) {
        if (facts_.may_be(outcome)) count += calls;
      }
    }
    return at.status().map([&] { return count; });
  }

  [[nodiscard]] Result<std::uint64_t> by_keys(CallFilter filter) {
    filter.limit = 0;
    Result<QueryPlan> plan = make_plan(index_, filter, number_, QueryFor::kCount);
    if (!plan) return tl::make_unexpected(std::move(plan).error());
    if (!plan->ids) return by_records(filter);
    const CandidateFilter keys(filter);
    const CallMatcher matches(filter, number_);
    std::uint64_t count = 0;
    CallRecord record;
    for (IdStream& ids = *plan->ids; ids.current();) {
      const Candidate candidate = *ids.current();
      if (Result<void> moved = ids.advance(); !moved) {
        return tl::make_unexpected(std::move(moved).error());
      }
      const Verdict verdict = keys(candidate);
      if (verdict == Verdict::kNo) continue;
      const bool is_decided =
          verdict == Verdict::kYes && plan->keys_decide && !candidate.is_cut && candidate.facts;
      if (is_decided) {
        ++count;
        continue;
      }
      const Result<bool> there = index_.read(candidate.id, record);
      if (!there) return tl::make_unexpected(there.error());
      if (*there && matches(record)) ++count;
    }
    return count;
  }

  [[nodiscard]] Result<std::uint64_t> by_records(const CallFilter& filter) {
    std::uint64_t count = 0;
    return query_index(index_, filter, region_, [&](const CallRecord&) { return ++count != 0; })
        .map([&] { return count; });
  }

  const Index& index_;
  const CallFilter& filter_;
  const NumberPattern number_;
  const std::string& region_;
  const FactsFilter facts_;
};

}  // namespace

Result<std::uint64_t> count_index(const Index& index, const CallFilter& filter,
                                  const std::string& region) {
  return Counter(index, filter, region).count().map([&](std::uint64_t count) {
    return filter.limit == 0 ? count : std::min<std::uint64_t>(count, filter.limit);
  });
}

}  // namespace koegura::store
