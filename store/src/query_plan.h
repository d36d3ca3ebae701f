// Query plan: a filter as streams of keys: the most selective first, the others beside it to skip
// by; what no key decides is left to the record.
//
//   whole number < conversation < words and tags < person < department < withheld < outcome < time
#pragma once

#include <memory>

#include "call_matcher.h"
#include "capture/error.h"
#include "id_stream.h"
#include "index.h"
#include "store/archive.h"
#include "store/number.h"

namespace koegura::store {

struct QueryPlan {
  std::unique_ptr<IdStream> ids;  // null: no key narrows it, every record of the time
  // A candidate of which all terms were kept whole is one of the calls if CandidateFilter says yes.
  bool keys_decide = false;
};

[[nodiscard]] WalkRange range_of(const CallFilter& filter);

// To count, every call of the time is told by keys, where records would be as quick to read.
enum class QueryFor : unsigned char { kRecords, kCount };
[[nodiscard]] Result<QueryPlan> make_plan(const Index& index, const CallFilter& filter,
                                          const NumberPattern& number, QueryFor purpose);

}  // namespace koegura::store
