#include "call_walk.h"

#include <utility>

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

class CallsOfIds : public CallWalk {
 public:
  CallsOfIds(const Index& index, std::unique_ptr<IdStream> ids, const CandidateFilter& filter)
      : index_(index), ids_(std::move(ids)), filter_(filter) {}

  [[nodiscard]] Result<bool> next(CallRecord& into) override {
    while (ids_->current()) {
      const Candidate candidate = *ids_->current();
      if (Result<void> moved = ids_->advance(); !moved) {
        return tl::make_unexpected(std::move(moved).error());
      }
      if (filter_(candidate) == Verdict::kNo) continue;
      // A call may go between the walk's beginning and now.
      Result<bool> there = index_.read(candidate.id, into);
      if (!there || *there) return there;
    }
    return false;
  }

 private:
  const Index& index_;
  std::unique_ptr<IdStream> ids_;
  const CandidateFilter& filter_;
};

}  // namespace

Result<std::unique_ptr<CallWalk>> walk_all(const Index& index, const WalkRange& range) {
  Result<std::unique_ptr<IndexCursor>> cursor = index.cursor();
  if (!cursor) return tl::make_unexpected(std::move(cursor).error());
  return std::unique_ptr<CallWalk>(std::make_unique<AllCalls>(std::move(*cursor), range));
}

std::unique_ptr<CallWalk> walk_ids(const Index& index, std::unique_ptr<IdStream> ids,
                                   const CandidateFilter& filter) {
  return std::make_unique<CallsOfIds>(index, std::move(ids), filter);
}

Result<std::unique_ptr<IdStream>> legs_of(const Index& index, const Ulid& conversation,
                                          const WalkRange& range) {
  return any_of_terms(index, {conversation_prefix(conversation)}, range, conversation);
}

}  // namespace koegura::store
