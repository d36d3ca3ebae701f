#include "call_walk.h"

#include <algorithm>
#include <cassert>

namespace koegura::store {

namespace {

class AllCalls : public CallWalk {
 public:
  AllCalls(std::unique_ptr<IndexCursor> cursor, const WalkRange& range)
      : cursor_(std::move(cursor)), range_(range) {}

  [[nodiscard]] Result<std::optional<CallRecord>> next() override {
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
      return cursor_->status().map([] { return std::optional<CallRecord>(); });
    }
    const std::optional<Ulid> id = id_of_call_key(cursor_->key());
    const bool inside = id && *id >= range_.ids.first && *id <= range_.ids.last;
    if (!inside) return std::optional<CallRecord>();
    return decode_record(cursor_->value(), *id).map([](CallRecord record) {
      return std::optional(std::move(record));
    });
  }

 private:
  std::unique_ptr<IndexCursor> cursor_;
  WalkRange range_;
  bool started_ = false;
};

// Where the walk stands in one term.
struct WalkHead {
  std::string term;
  Ulid id;
};

// For a heap whose front comes next.
struct ComesLater {
  bool oldest_first = false;
  bool operator()(const WalkHead& a, const WalkHead& b) const {
    return oldest_first ? a.id > b.id : a.id < b.id;
  }
};

class TermCalls : public CallWalk {
 public:
  TermCalls(const Index& index, std::unique_ptr<IndexCursor> cursor, const WalkRange& range)
      : index_(index), cursor_(std::move(cursor)), range_(range) {}

  [[nodiscard]] Result<void> start(const std::vector<std::string>& terms) {
    heads_.reserve(terms.size());
    for (const std::string& term : terms) {
      // In a term newer ids come first: the walk from new to old goes forward.
      if (range_.oldest_first) {
        cursor_->seek_back(term_key(term, range_.ids.first));
      } else {
        cursor_->seek(term_key(term, range_.ids.last));
      }
      Result<bool> more = take(term);
      if (!more) return tl::make_unexpected(std::move(more).error());
    }
    return {};
  }

  [[nodiscard]] Result<std::optional<CallRecord>> next() override {
    while (!heads_.empty()) {
      std::pop_heap(heads_.begin(), heads_.end(), ComesLater{range_.oldest_first});
      const WalkHead head = std::move(heads_.back());
      heads_.pop_back();
      Result<bool> more = advance(head);
      if (!more) return tl::make_unexpected(std::move(more).error());
      if (last_ == head.id) continue;  // its parties match by several terms
      last_ = head.id;
      // A call may go between the walk's beginning and now.
      Result<std::optional<CallRecord>> record = index_.get(head.id);
      if (!record || *record) return record;
    }
    return std::optional<CallRecord>();
  }

 private:
  [[nodiscard]] Result<bool> advance(const WalkHead& head) {
    const std::string key = term_key(head.term, head.id);
    if (!cursor_->valid() || cursor_->key() != key) {
      cursor_->seek(key);
      if (!cursor_->valid()) return cursor_->status().map([] { return false; });
    }
    range_.oldest_first ? cursor_->previous() : cursor_->next();
    return take(head.term);
  }

  // Makes a head of where the cursor stands, if that is still within the term and the range.
  [[nodiscard]] Result<bool> take(const std::string& term) {
    if (!cursor_->valid()) return cursor_->status().map([] { return false; });
    const std::optional<TermEntry> entry = parse_term_key(cursor_->key());
    if (!entry || entry->term_prefix != term) return false;
    if (entry->id < range_.ids.first || entry->id > range_.ids.last) return false;
    heads_.push_back({term, entry->id});
    std::push_heap(heads_.begin(), heads_.end(), ComesLater{range_.oldest_first});
    return true;
  }

  const Index& index_;
  std::unique_ptr<IndexCursor> cursor_;
  WalkRange range_;
  std::vector<WalkHead> heads_;
  std::optional<Ulid> last_;
};

// The first leg, which has no key but its record's, and the later ones.
class ConversationCalls : public CallWalk {
 public:
  ConversationCalls(const Index& index, std::unique_ptr<CallWalk> later, const Ulid& first,
                    const WalkRange& range)
      : index_(index),
        later_(std::move(later)),
        first_(first),
        oldest_first_(range.oldest_first),
        is_due_(first >= range.ids.first && first <= range.ids.last) {}

  [[nodiscard]] Result<std::optional<CallRecord>> next() override {
    if (is_due_ && oldest_first_) return first();
    Result<std::optional<CallRecord>> record = later_->next();
    if (record && !*record && is_due_) return first();
    return record;
  }

 private:
  [[nodiscard]] Result<std::optional<CallRecord>> first() {
    is_due_ = false;
    Result<std::optional<CallRecord>> record = index_.get(first_);
    return record && !*record && oldest_first_ ? later_->next() : record;
  }

  const Index& index_;
  std::unique_ptr<CallWalk> later_;
  const Ulid first_;
  const bool oldest_first_;
  bool is_due_;  // the first leg is still to come
};

using Numbers = std::optional<std::vector<std::string>>;

std::string one_past(std::string key) {
  assert(!key.empty() && key.back() != '\xFF');
  key.back() = static_cast<char>(key.back() + 1);
  return key;
}

}  // namespace

Result<std::unique_ptr<CallWalk>> walk_all(const Index& index, const WalkRange& range) {
  Result<std::unique_ptr<IndexCursor>> cursor = index.cursor();
  if (!cursor) return tl::make_unexpected(std::move(cursor).error());
  return std::unique_ptr<CallWalk>(std::make_unique<AllCalls>(std::move(*cursor), range));
}

Result<std::unique_ptr<CallWalk>> walk_terms(const Index& index,
                                             const std::vector<std::string>& terms,
                                             const WalkRange& range) {
  Result<std::unique_ptr<IndexCursor>> cursor = index.cursor();
  if (!cursor) return tl::make_unexpected(std::move(cursor).error());
  auto walk = std::make_unique<TermCalls>(index, std::move(*cursor), range);
  if (Result<void> started = walk->start(terms); !started) {
    return tl::make_unexpected(std::move(started).error());
  }
  return std::unique_ptr<CallWalk>(std::move(walk));
}

Result<std::unique_ptr<CallWalk>> walk_conversation(const Index& index, const Ulid& conversation,
                                                    const WalkRange& range) {
  return walk_terms(index, {conversation_prefix(conversation)}, range)
      .map([&](std::unique_ptr<CallWalk> later) {
        return std::unique_ptr<CallWalk>(
            std::make_unique<ConversationCalls>(index, std::move(later), conversation, range));
      });
}

Result<Numbers> numbers_with_prefix(const Index& index, std::string_view prefix,
                                    std::size_t limit) {
  Result<std::unique_ptr<IndexCursor>> cursor = index.cursor();
  if (!cursor) return tl::make_unexpected(std::move(cursor).error());
  const std::string start(1, static_cast<char>(KeyKind::kNumber));
  const std::string wanted = start + std::string(prefix);
  std::vector<std::string> found;
  // One seek a number: past its last call lies the next number.
  for ((*cursor)->seek(wanted); (*cursor)->valid() && (*cursor)->key().starts_with(wanted);
       (*cursor)->seek(one_past(found.back()))) {
    if (found.size() == limit) return Numbers();
    const std::optional<TermEntry> entry = parse_term_key((*cursor)->key());
    if (!entry)
      return failure("the index is damaged: `koegura reindex` rebuilds it from the call files");
    found.emplace_back(entry->term_prefix);
  }
  return (*cursor)->status().map([&] { return Numbers(std::move(found)); });
}

Result<Numbers> numbers_with_suffix(const Index& index, std::string_view suffix,
                                    std::size_t limit) {
  Result<std::unique_ptr<IndexCursor>> cursor = index.cursor();
  if (!cursor) return tl::make_unexpected(std::move(cursor).error());
  const std::string wanted = reversed_number_key(suffix);
  std::vector<std::string> found;
  for ((*cursor)->seek(wanted); (*cursor)->valid() && (*cursor)->key().starts_with(wanted);
       (*cursor)->next()) {
    if (found.size() == limit) return Numbers();
    const std::string_view reversed = (*cursor)->key().substr(1);
    found.push_back(term_prefix(KeyKind::kNumber, std::string(reversed.rbegin(), reversed.rend())));
  }
  return (*cursor)->status().map([&] { return Numbers(std::move(found)); });
}

}  // namespace koegura::store
