// Due calls: which calls of the index may be erased at a moment, and what the rules come to for all
// of them.
//
// Threads: what is given is only read: free-threaded.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capture/error.h"
#include "erasure.h"
#include "holds.h"
#include "index.h"
#include "lived_time.h"
#include "retention.pb.h"
#include "store/box_clock.h"
#include "store/retention.h"
#include "ulid.h"

namespace koegura::store {

// All that decides on a call.
struct RetentionView {
  std::shared_ptr<const RetentionPolicy> policy;
  std::shared_ptr<const Holds> holds;
  LivedTime lived;
  BoxMoment now;
};

// Up to when calls may have expired that are erased now; nothing if none may be.
[[nodiscard]] std::optional<Timestamp> due_until(const RetentionView& view);
// Clock, proof and refusal; without rules and calls.
[[nodiscard]] RetentionOutlook clock_outlook(const RetentionView& view);

// Every leg of it, the oldest first, until visit returns false.
[[nodiscard]] Result<void> for_each_leg(const Index& index, const Ulid& conversation,
                                        const std::function<bool(CallRecord& leg)>& visit);

// The cases for which the call, or another leg of its conversation, is held.
[[nodiscard]] Result<std::vector<std::string>> cases_of(const Index& index, const Holds& holds,
                                                        const CallRecord& record);

// The oldest first, until visit returns false.
using VisitDue = std::function<bool(ExpiredCall call)>;
[[nodiscard]] Result<void> for_each_due(const Index& index, const RetentionView& view,
                                        Timestamp until, const VisitDue& visit);

// Every call by its rule: reads the whole index.
[[nodiscard]] Result<void> fill_rules(const Index& index, const RetentionView& view,
                                      RetentionOutlook& outlook);

}  // namespace koegura::store
