#include "id_stream.h"

#include <algorithm>
#include <utility>

#include "index_format.h"

namespace koegura::store {

namespace {

// With a cursor of their own each; more share one.
constexpr std::size_t kFewTerms = 48;
// Steps that are tried before a seek, which costs about as much as these.
constexpr int kStepsBeforeSeek = 4;

// Where the stream stands in one term.
struct TermHead {
  std::string term;  // empty: a call that no key has to name
  std::unique_ptr<IndexCursor> own;
  Candidate at;
};

// For a heap whose front comes next.
struct ComesLater {
  const WalkRange& range;
  bool operator()(const TermHead& a, const TermHead& b) const {
    return range.is_before(b.at.id, a.at.id);
  }
  bool operator()(const Candidate& a, const Candidate& b) const {
    return range.is_before(b.id, a.id);
  }
};

class AnyOfTerms : public IdStream {
 public:
  AnyOfTerms(std::unique_ptr<IndexCursor> cursor, const WalkRange& range)
      : shared_(std::move(cursor)), range_(range) {}

  [[nodiscard]] Result<void> start(const std::vector<std::string>& terms,
                                   const std::optional<Ulid>& also) {
    heads_.reserve(terms.size() + 1);
    const Ulid begin = range_.oldest_first ? range_.ids.first : range_.ids.last;
    const bool is_shared = terms.size() > kFewTerms;
    for (const std::string& term : terms) {
      TermHead head{term, nullptr, {}};
      if (!is_shared) head.own = &term == &terms.back() ? std::move(shared_) : shared_->another();
      seek(head, begin);
      const Result<bool> is_there = stands(head);
      if (!is_there) return is_there.map([](bool) {});
      if (*is_there) heads_.push_back(std::move(head));
    }
    const bool is_also = also && *also >= range_.ids.first && *also <= range_.ids.last;
    if (is_also) heads_.push_back({{}, nullptr, {*also, std::nullopt, false}});
    std::make_heap(heads_.begin(), heads_.end(), ComesLater{range_});
    settle();
    return {};
  }

  [[nodiscard]] const std::optional<Candidate>& current() const override { return current_; }

  [[nodiscard]] Result<void> advance() override {
    const Ulid given = current_->id;
    Result<void> done;
    // Its parties may match by several terms.
    while (done && !heads_.empty() && heads_.front().at.id == given) {
      done = move_first([&](TermHead& head) { return step(head); });
    }
    settle();
    return done;
  }

  [[nodiscard]] Result<void> skip_to(const Ulid& id) override {
    Result<void> done;
    while (done && !heads_.empty() && range_.is_before(heads_.front().at.id, id)) {
      done = move_first([&](TermHead& head) { return skip(head, id); });
    }
    settle();
    return done;
  }

 private:
  [[nodiscard]] IndexCursor& cursor_of(const TermHead& head) {
    return head.own ? *head.own : *shared_;
  }
  void seek(const TermHead& head, const Ulid& id) {
    // In a term newer ids come first: the walk from new to old goes forward.
    const std::string key = term_key(head.term, id);
    range_.oldest_first ? cursor_of(head).seek_back(key) : cursor_of(head).seek(key);
  }

  // The head that comes next, as `move` says; it goes if its term has no more. The usual stream has
  // one, and no heap to keep.
  template <typename Move>
  [[nodiscard]] Result<void> move_first(const Move& move) {
    const bool is_heap = heads_.size() > 1;
    if (is_heap) std::pop_heap(heads_.begin(), heads_.end(), ComesLater{range_});
    const Result<bool> is_there = move(heads_.back());
    if (!is_there || !*is_there) {
      heads_.pop_back();
    } else if (is_heap) {
      std::push_heap(heads_.begin(), heads_.end(), ComesLater{range_});
    }
    return is_there.map([](bool) {});
  }

  // Whether there is another call in its term, which it stands at then.
  [[nodiscard]] Result<bool> step(TermHead& head) {
    if (head.term.empty()) return false;
    IndexCursor& cursor = cursor_of(head);
    if (!head.own) {
      const std::string key = term_key(head.term, head.at.id);
      if (!cursor.valid() || cursor.key() != key) cursor.seek(key);
      if (!cursor.valid()) return stands(head);
    }
    range_.oldest_first ? cursor.previous() : cursor.next();
    return stands(head);
  }

  [[nodiscard]] Result<bool> skip(TermHead& head, const Ulid& id) {
    if (head.term.empty()) return false;
    IndexCursor& cursor = cursor_of(head);
    for (int i = 0; head.own && i < kStepsBeforeSeek; ++i) {
      range_.oldest_first ? cursor.previous() : cursor.next();
      Result<bool> is_there = stands(head);
      if (!is_there || !*is_there || !range_.is_before(head.at.id, id)) return is_there;
    }
    seek(head, id);
    return stands(head);
  }

  [[nodiscard]] Result<bool> stands(TermHead& head) {
    if (takes_place(head)) return true;
    return cursor_of(head).status().map([] { return false; });
  }

  // Where its cursor stands, if that is still within the term and the range.
  [[nodiscard]] bool takes_place(TermHead& head) {
    const IndexCursor& cursor = cursor_of(head);
    if (!cursor.valid()) return false;
    const std::optional<TermEntry> entry = parse_term_key(cursor.key());
    if (!entry || entry->term_prefix != head.term) return false;
    if (entry->id < range_.ids.first || entry->id > range_.ids.last) return false;
    head.at = candidate_of(*entry, cursor.value());
    return true;
  }

  void settle() {
    current_.reset();
    if (!heads_.empty()) current_ = heads_.front().at;
  }

  std::unique_ptr<IndexCursor> shared_;  // null if each has its own
  const WalkRange range_;
  std::vector<TermHead> heads_;  // a heap
  std::optional<Candidate> current_;
};

// In the order of the walk, each once. A page has few of them: they lie in a heap, as sorting all
// would take longer.
class ListedCalls : public IdStream {
 public:
  ListedCalls(std::vector<Candidate> candidates, const WalkRange& range)
      : range_(range), heap_(std::move(candidates)) {
    std::make_heap(heap_.begin(), heap_.end(), ComesLater{range_});
    settle();
  }
  [[nodiscard]] const std::optional<Candidate>& current() const override { return current_; }
  [[nodiscard]] Result<void> advance() override {
    const Ulid given = current_->id;
    while (!heap_.empty() && heap_.front().id == given) drop_first();
    settle();
    return {};
  }
  [[nodiscard]] Result<void> skip_to(const Ulid& id) override {
    while (!heap_.empty() && range_.is_before(heap_.front().id, id)) drop_first();
    settle();
    return {};
  }

 private:
  void drop_first() {
    std::pop_heap(heap_.begin(), heap_.end(), ComesLater{range_});
    heap_.pop_back();
  }
  void settle() {
    current_.reset();
    if (!heap_.empty()) current_ = heap_.front();
  }

  const WalkRange range_;
  std::vector<Candidate> heap_;
  std::optional<Candidate> current_;
};

class AllOfStreams : public IdStream {
 public:
  explicit AllOfStreams(std::vector<std::unique_ptr<IdStream>> streams)
      : streams_(std::move(streams)) {}

  [[nodiscard]] const std::optional<Candidate>& current() const override { return current_; }
  [[nodiscard]] Result<void> advance() override {
    Result<void> done = streams_.front()->advance();
    return done ? meet() : done;
  }
  [[nodiscard]] Result<void> skip_to(const Ulid& id) override {
    Result<void> done = streams_.front()->skip_to(id);
    return done ? meet() : done;
  }

  // On to the first call that all have, from where the first one stands.
  [[nodiscard]] Result<void> meet() {
    current_.reset();
    std::size_t agreed = 0;  // streams in a row that stand at the same call
    std::optional<Ulid> id;
    for (std::size_t i = 0; agreed < streams_.size(); i = (i + 1) % streams_.size()) {
      IdStream& stream = *streams_[i];
      if (id) {
        if (Result<void> skipped = stream.skip_to(*id); !skipped) return skipped;
      }
      if (!stream.current()) return {};
      agreed = id == stream.current()->id ? agreed + 1 : 1;
      id = stream.current()->id;
    }
    current_ = merged();
    return {};
  }

 private:
  [[nodiscard]] Candidate merged() const {
    Candidate all = *streams_.front()->current();
    for (const std::unique_ptr<IdStream>& stream : streams_) {
      const Candidate& one = *stream->current();
      if (!all.facts) all.facts = one.facts;
      all.is_cut = all.is_cut || one.is_cut;
    }
    return all;
  }

  std::vector<std::unique_ptr<IdStream>> streams_;
  std::optional<Candidate> current_;
};

}  // namespace

Candidate candidate_of(const TermEntry& entry, std::string_view value) {
  Candidate candidate{entry.id, std::nullopt, false};
  if (const std::optional<KeyFacts> facts = decode_facts(value)) {
    candidate.facts = facts->facts;
    candidate.is_cut = facts->is_cut;
  }
  return candidate;
}

std::unique_ptr<IdStream> stream_of(std::vector<Candidate> candidates, const WalkRange& range) {
  std::erase_if(candidates, [&](const Candidate& candidate) {
    return candidate.id < range.ids.first || candidate.id > range.ids.last;
  });
  return std::make_unique<ListedCalls>(std::move(candidates), range);
}

Result<std::unique_ptr<IdStream>> any_of_terms(const Index& index,
                                               const std::vector<std::string>& terms,
                                               const WalkRange& range,
                                               const std::optional<Ulid>& also) {
  Result<std::unique_ptr<IndexCursor>> cursor = index.cursor();
  if (!cursor) return tl::make_unexpected(std::move(cursor).error());
  auto stream = std::make_unique<AnyOfTerms>(std::move(*cursor), range);
  if (Result<void> started = stream->start(terms, also); !started) {
    return tl::make_unexpected(std::move(started).error());
  }
  return std::unique_ptr<IdStream>(std::move(stream));
}

Result<std::unique_ptr<IdStream>> all_of_streams(std::vector<std::unique_ptr<IdStream>> streams) {
  if (streams.size() == 1) return std::move(streams.front());
  auto stream = std::make_unique<AllOfStreams>(std::move(streams));
  if (Result<void> met = stream->meet(); !met) return tl::make_unexpected(std::move(met).error());
  return std::unique_ptr<IdStream>(std::move(stream));
}

}  // namespace koegura::store
