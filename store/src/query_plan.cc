#include "query_plan.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "call_walk.h"
#include "index_format.h"
#include "name_term.h"
#include "term_dictionary.h"
#include "text_terms.h"

namespace koegura::store {

namespace {

// A pattern that more terms than this match is not selective: the walk by time finds its calls
// soon enough, and memory stays bounded.
constexpr std::size_t kMaxTermsMerged = 4096;
// Keys of calls that are read at once, in half a millisecond.
constexpr std::size_t kMaxCallsSorted = 1000;
// More, and it is quicker to ask which outcomes there are.
constexpr std::size_t kFewOutcomes = 8;

class Planner {
 public:
  Planner(const Index& index, const CallFilter& filter, bool has_derived_keys, QueryFor purpose)
      : index_(index),
        purpose_(purpose),
        filter_(filter),
        range_(range_of(filter)),
        has_derived_keys_(has_derived_keys) {}

  [[nodiscard]] Result<QueryPlan> make(const NumberPattern& number) {
    Result<void> done = add_numbers(number);
    if (done) done = add_conversation();
    if (done) done = add_words();
    if (done) done = add_name(KeyKind::kPerson, name_term(filter_.person));
    if (done) done = add_name(KeyKind::kDepartment, name_term(filter_.department));
    if (done) done = add_withheld();
    if (done && streams_.empty()) done = add_outcomes();
    if (!done) return tl::make_unexpected(std::move(done).error());
    QueryPlan plan;
    plan.keys_decide = keys_decide_;
    if (streams_.empty()) return plan;
    Result<std::unique_ptr<IdStream>> ids = all_of_streams(std::move(streams_));
    if (!ids) return tl::make_unexpected(std::move(ids).error());
    plan.ids = std::move(*ids);
    return plan;
  }

 private:
  [[nodiscard]] Result<void> add(Result<std::unique_ptr<IdStream>> stream) {
    if (!stream) return tl::make_unexpected(std::move(stream).error());
    streams_.push_back(std::move(*stream));
    return {};
  }
  // Calls of any of these; the record decides if the terms are too many.
  [[nodiscard]] Result<void> add_any(const Result<Terms>& terms) {
    if (!terms) return tl::make_unexpected(terms.error());
    if (*terms) return add(any_of_terms(index_, **terms, range_));
    keys_decide_ = false;
    return {};
  }
  [[nodiscard]] Result<void> add_name(KeyKind kind, const std::string& term) {
    if (term.empty()) return {};
    keys_decide_ = keys_decide_ && !is_cut(term);
    return add(any_of_terms(index_, {term_prefix(kind, term)}, range_));
  }

  [[nodiscard]] Result<void> add_numbers(const NumberPattern& number) {
    using Shape = NumberPattern::Shape;
    if (number.forms.empty()) return {};
    const bool any_cut = std::any_of(number.forms.begin(), number.forms.end(),
                                     [](const std::string& form) { return is_cut(form); });
    keys_decide_ = keys_decide_ && !any_cut;
    if (number.shape == Shape::kWhole) {
      std::vector<std::string> terms;
      for (const std::string& form : number.forms) {
        terms.push_back(term_prefix(KeyKind::kNumber, form));
      }
      return add(any_of_terms(index_, terms, range_));
    }
    if (number.shape == Shape::kPart) return add_numbers_with(number.forms);
    const bool is_suffix = number.shape == Shape::kSuffix;
    if (any_cut || (is_suffix && !has_derived_keys_)) {
      keys_decide_ = false;
      return {};
    }
    std::vector<std::string> beginnings = number.forms;
    if (is_suffix) {
      for (std::string& form : beginnings) form = reversed_number(form);
    }
    return add_beginning(is_suffix ? KeyKind::kReversedNumber : KeyKind::kNumber, beginnings);
  }

  [[nodiscard]] Result<void> add_numbers_with(const std::vector<std::string>& parts) {
    std::vector<std::string> all;
    for (const std::string& part : parts) {
      const Result<Terms> terms = numbers_with_part(index_, part, kMaxTermsMerged);
      if (!terms || !*terms) return add_any(terms);
      all.insert(all.end(), (*terms)->begin(), (*terms)->end());
    }
    return add_any(Terms(std::move(all)));
  }

  // Few calls are read and sorted, those of few terms merged; of more, the record decides.
  [[nodiscard]] Result<void> add_beginning(KeyKind kind,
                                           const std::vector<std::string>& beginnings) {
    std::vector<Candidate> calls;
    std::vector<std::string> all;
    bool is_few = true;
    for (const std::string& beginning : beginnings) {
      Result<Candidates> found = calls_with_prefix(index_, kind, beginning, kMaxCallsSorted);
      if (!found) return tl::make_unexpected(std::move(found).error());
      is_few = is_few && *found;
      if (!is_few) break;
      calls.insert(calls.end(), (*found)->begin(), (*found)->end());
    }
    if (is_few) return add(stream_of(std::move(calls), range_));
    for (const std::string& beginning : beginnings) {
      const Result<Terms> terms = terms_with_prefix(index_, kind, beginning, kMaxTermsMerged);
      if (!terms || !*terms) return add_any(terms);
      all.insert(all.end(), (*terms)->begin(), (*terms)->end());
    }
    return add_any(Terms(std::move(all)));
  }

  [[nodiscard]] Result<void> add_conversation() {
    if (filter_.conversation.empty()) return {};
    keys_decide_ = false;
    const std::optional<Ulid> conversation = Ulid::parse(filter_.conversation);
    return conversation ? add(legs_of(index_, *conversation, range_)) : Result<void>();
  }

  // Where the keys are not there yet nothing was noted either; but a record may have it.
  [[nodiscard]] Result<void> add_words() {
    const TextPattern text(filter_.text);
    const std::string tag = tag_term(filter_.tag);
    if (text.empty() && tag.empty()) return {};
    if (!text.empty() || !has_derived_keys_) keys_decide_ = false;
    if (!has_derived_keys_) return {};
    Result<void> done;
    if (!tag.empty()) done = add_name(KeyKind::kText, tag);
    for (const std::string& term : text.terms()) {
      if (done) done = add_name(KeyKind::kText, term);
    }
    for (const std::string& beginning : text.beginnings()) {
      if (done) done = add_beginning(KeyKind::kText, {beginning});
    }
    return done;
  }

  [[nodiscard]] Result<void> add_withheld() {
    const std::string reason = withheld_term(filter_.withheld);
    if (reason.empty()) return {};
    if (!has_derived_keys_) {
      keys_decide_ = false;
      return {};
    }
    std::string prefix = withheld_prefix(reason == "any" ? std::string() : reason);
    if (reason != "any") {
      keys_decide_ = keys_decide_ && !is_cut('-' + reason);
      return add(any_of_terms(index_, {prefix}, range_));
    }
    const std::string_view begin = std::string_view(prefix).substr(1, prefix.size() - 2);
    return add_beginning(KeyKind::kText, {std::string(begin)});
  }

  [[nodiscard]] Result<void> add_outcomes() {
    const FactsFilter facts(filter_);
    if (!facts.restricts() && purpose_ != QueryFor::kCount) return {};
    if (!has_derived_keys_) {
      keys_decide_ = false;
      return {};
    }
    std::vector<std::string> terms;
    for (const char outcome : facts.outcomes()) {
      terms.push_back(term_prefix(KeyKind::kOutcome, std::string(1, outcome)));
    }
    if (terms.size() > kFewOutcomes) {
      const Result<Terms> known = terms_with_prefix(index_, KeyKind::kOutcome, {}, kMaxTermsMerged);
      if (!known) return tl::make_unexpected(known.error());
      std::erase_if(terms, [&](const std::string& term) {
        return !std::binary_search((*known)->begin(), (*known)->end(), term);
      });
    }
    return add(any_of_terms(index_, terms, range_));
  }

  const Index& index_;
  const QueryFor purpose_;
  const CallFilter& filter_;
  const WalkRange range_;
  const bool has_derived_keys_;
  std::vector<std::unique_ptr<IdStream>> streams_;
  bool keys_decide_ = true;
};

}  // namespace

WalkRange range_of(const CallFilter& filter) {
  WalkRange range;
  range.ids.last.bytes.fill(0xFF);
  if (filter.from) range.ids.first = ulids_at(*filter.from).first;
  if (filter.to) range.ids.last = ulids_at(*filter.to).last;
  range.oldest_first = filter.oldest_first;
  return range;
}

Result<QueryPlan> make_plan(const Index& index, const CallFilter& filter,
                            const NumberPattern& number, QueryFor purpose) {
  const Result<bool> has_derived_keys = index.has_derived_keys();
  if (!has_derived_keys) return tl::make_unexpected(has_derived_keys.error());
  return Planner(index, filter, *has_derived_keys, purpose).make(number);
}

}  // namespace koegura::store
