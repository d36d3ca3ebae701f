#include "query.h"

#include <google/protobuf/arena.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "call_matcher.h"
#include "call_walk.h"
#include "query_plan.h"
#include "store/number.h"

namespace koegura::store {

namespace {

constexpr std::size_t kMinIdPrefix = 6;
constexpr std::size_t kAmbiguousShown = 4;

// Where one record after another lies: to allocate and free its parts one by one would take a third
// of the time that it takes to parse.
class RecordRoom {
 public:
  RecordRoom()
      : bytes_(std::make_unique_for_overwrite<Bytes>()), arena_(bytes_->data(), bytes_->size()) {}
  // Until it is asked for the next.
  CallRecord& empty_record() {
    arena_.Reset();
    return *google::protobuf::Arena::CreateMessage<CallRecord>(&arena_);
  }

 private:
  using Bytes = std::array<char, 16U << 10U>;  // of a usual call; a larger one has more
  std::unique_ptr<Bytes> bytes_;
  google::protobuf::Arena arena_;
};

// What the filter asks of the index, by its keys if there are any to go by.
Result<std::unique_ptr<CallWalk>> walk_for(const Index& index, const CallFilter& filter,
                                           const NumberPattern& number,
                                           const CandidateFilter& keys) {
  Result<QueryPlan> plan = make_plan(index, filter, number, QueryFor::kRecords);
  if (!plan) return tl::make_unexpected(std::move(plan).error());
  if (plan->ids) return walk_ids(index, std::move(plan->ids), keys, filter.limit);
  return walk_all(index, range_of(filter));
}

Error ambiguous(std::string_view prefix, const std::vector<CallRecord>& calls) {
  std::string message = "several calls begin with " + std::string(prefix) + ":";
  for (std::size_t i = 0; i < std::min(calls.size(), kAmbiguousShown); ++i) {
    message += " " + calls[i].id();
  }
  if (calls.size() > kAmbiguousShown) message += " …";
  return Error{message + ": give more of the id", ErrorKind::kUsage};
}

}  // namespace

Result<void> query_index(const Index& index, const CallFilter& filter, const std::string& region,
                         const std::function<bool(CallRecord&)>& visit) {
  const NumberPattern number = parse_number_pattern(filter.number, region);
  const CandidateFilter keys(filter);
  Result<std::unique_ptr<CallWalk>> walk = walk_for(index, filter, number, keys);
  if (!walk) return tl::make_unexpected(std::move(walk).error());
  const CallMatcher matches(filter, number);
  std::size_t given = 0;
  RecordRoom room;
  while (filter.limit == 0 || given < filter.limit) {
    CallRecord& record = room.empty_record();
    const Result<bool> more = (*walk)->next(record);
    if (!more) return tl::make_unexpected(more.error());
    if (!*more) break;
    if (!matches(record)) continue;
    ++given;
    if (!visit(record)) break;
  }
  return {};
}

std::function<bool(const CallRecord&)> call_matcher(const CallFilter& filter,
                                                    const std::string& region) {
  // The matcher refers to its filter: both live as long as the function does.
  struct Kept {
    CallFilter filter;
    CallMatcher matches;
    Kept(const CallFilter& given, const std::string& in)
        : filter(given), matches(filter, parse_number_pattern(filter.number, in)) {}
  };
  return [kept = std::make_shared<const Kept>(filter, region)](const CallRecord& record) {
    return kept->matches(record);
  };
}

Result<CallRecord> find_in_index(const Index& index, std::string_view id_or_prefix) {
  const std::string shown(id_or_prefix);
  if (id_or_prefix.size() < kMinIdPrefix) {
    return failure("'" + shown + "' is too short: give at least " + std::to_string(kMinIdPrefix) +
                       " characters of the call's id",
                   ErrorKind::kUsage);
  }
  const std::optional<UlidRange> ids = ulids_with_prefix(id_or_prefix);
  if (!ids) return failure("no call " + shown, ErrorKind::kNotFound);
  Result<std::unique_ptr<CallWalk>> walk = walk_all(index, {*ids, /*oldest_first=*/true});
  if (!walk) return tl::make_unexpected(std::move(walk).error());
  std::vector<CallRecord> found;
  while (found.size() <= kAmbiguousShown) {
    const Result<bool> more = (*walk)->next(found.emplace_back());
    if (!more) return tl::make_unexpected(more.error());
    if (*more) continue;
    found.pop_back();
    break;
  }
  if (found.empty()) return failure("no call " + shown, ErrorKind::kNotFound);
  if (found.size() > 1) return tl::make_unexpected(ambiguous(shown, found));
  return std::move(found.front());
}

}  // namespace koegura::store
