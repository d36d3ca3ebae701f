#include "call_walk.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "call_matcher.h"
#include "index_format.h"

namespace koegura::store {

namespace {

class AllCalls : public CallWalk {
 public:
  AllCalls(std::unique_ptr<IndexCursor> cursor, const WalkRange& range)
      : cursor_(std::move(cursor)), range_(range) {}

  [[nodiscard]] Result<bool> next(CallRecord& into) override {
    if (!started_) {
      started_ = true;
      if (range_.oldest_first) {
        cursor_->seek(call_key(range_.ids.first));
      } else {
        cursor_->seek_back(call_key(range_.ids.last));
      }
    } else if (cursor_->valid()) {
      range_.oldest_first ? cursor_->next() : cursor_->previous();
    }
    if (!cursor_->valid()) {
      return cursor_->status().map([] { return false; });
    }
    const std::optional<Ulid> id = id_of_call_key(cursor_->key());
    const bool inside = id && *id >= range_.ids.first && *id <= range_.ids.last;
    if (!inside) return false;
    return decode_record(cursor_->value(), *id, into).map([] { return true; });
  }

 private:
  std::unique_ptr<IndexCursor> cursor_;
  WalkRange range_;
  bool started_ = false;
};

// A page of calls: what is read beyond the last that somebody wants costs a millisecond.
constexpr std::size_t kMostAtOnce = 64;

class CallsOfIds : public CallWalk {
 public:
  CallsOfIds(const Index& index, std::unique_ptr<IdStream> ids, const CandidateFilter& filter,
             std::size_t wanted)
      : index_(index),
        ids_(std::move(ids)),
        filter_(filter),
        at_once_(wanted == 0 ? kMostAtOnce : std::min(wanted, kMostAtOnce)) {}

  [[nodiscard]] Result<bool> next(CallRecord& into) override {
    for (;;) {
      Result<bool> has_one = given_ < some_ ? Result<bool>(true) : pick_some();
      if (!has_one || !*has_one) return has_one;
      // A call may go between the walk's beginning and now.
      Result<bool> there = picked_->read(given_++, into);
      if (!there || *there) return there;
    }
  }

 private:
  // False at the end.
  [[nodiscard]] Result<bool> pick_some() {
    std::vector<Ulid> ids;
    while (ids_->current() && ids.size() < at_once_) {
      if (filter_(*ids_->current()) != Verdict::kNo) ids.push_back(ids_->current()->id);
      if (Result<void> moved = ids_->advance(); !moved) {
        return tl::make_unexpected(std::move(moved).error());
      }
    }
    if (ids.empty()) return false;
    return index_.pick(ids).map([&](std::unique_ptr<PickedRecords> picked) {
      picked_ = std::move(picked);
      some_ = ids.size();
      given_ = 0;
      return true;
    });
  }

  const Index& index_;
  std::unique_ptr<IdStream> ids_;
  const CandidateFilter& filter_;
  const std::size_t at_once_;
  std::unique_ptr<PickedRecords> picked_;
  std::size_t some_ = 0;   // that were picked
  std::size_t given_ = 0;  // of these
};

}  // namespace

Result<std::unique_ptr<CallWalk>> walk_all(const Index& index, const WalkRange& range) {
  Result<std::unique_ptr<IndexCursor>> cursor = index.cursor();
  if (!cursor) return tl::make_unexpected(std::move(cursor).error());
  return std::unique_ptr<CallWalk>(std::make_unique<AllCalls>(std::move(*cursor), range));
}

std::unique_ptr<CallWalk> walk_ids(const Index& index, std::unique_ptr<IdStream> ids,
                                   const CandidateFilter& filter, std::size_t wanted) {
  return std::make_unique<CallsOfIds>(index, std::move(ids), filter, wanted);
}

Result<std::unique_ptr<IdStream>> legs_of(const Index& index, const Ulid& conversation,
                                          const WalkRange& range) {
  return any_of_terms(index, {conversation_prefix(conversation)}, range, conversation);
}

}  // namespace koegura::store
