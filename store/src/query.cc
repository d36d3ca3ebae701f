#include "query.h"

#include <algorithm>
#include <array>
#include <utility>

#include "call_walk.h"
#include "name_term.h"
#include "record.h"
#include "store/number.h"

namespace koegura::store {

namespace {

// A pattern that more numbers than this match is not selective: the walk by time finds its calls
// soon enough, and memory stays bounded.
constexpr std::size_t kMaxNumbersMerged = 4096;
constexpr std::size_t kMinIdPrefix = 6;
constexpr std::size_t kAmbiguousShown = 4;

bool has_department(const CallRecord& record, const std::string& term) {
  return name_term(record.caller().department()) == term ||
         name_term(record.callee().department()) == term ||
         name_term(record.answered_by().department()) == term;
}

bool has_person(const CallRecord& record, const std::string& term) {
  return name_term(record.caller().person()) == term ||
         name_term(record.callee().person()) == term ||
         name_term(record.answered_by().person()) == term;
}

// What people call the reasons that carriers give.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kWithheldInJapanese = {
    {{"非通知", "Anonymous"},
     {"公衆電話", "Coin line/payphone"},
     {"表示圏外", "Unavailable"},
     {"サービス競合", "Interaction with other service"}}};

std::string withheld_term(const std::string& text) {
  for (const auto& [japanese, reason] : kWithheldInJapanese) {
    if (text == japanese) return name_term(reason);
  }
  return name_term(text);
}

bool is_withheld(const CallRecord& record, const std::string& term) {
  const std::string& reason = record.caller().withheld();
  return !reason.empty() && (term == "any" || name_term(reason) == term);
}

// The whole filter, on the record: keys only propose.
class Matcher {
 public:
  Matcher(const CallFilter& filter, NumberPattern number)
      : filter_(filter),
        number_(std::move(number)),
        department_(name_term(filter.department)),
        person_(name_term(filter.person)),
        withheld_(withheld_term(filter.withheld)) {}

  [[nodiscard]] bool operator()(const CallRecord& record) const {
    return in_time(record) && has_number(record) && has_facts(record);
  }

 private:
  [[nodiscard]] bool in_time(const CallRecord& record) const {
    const Timestamp start = from_proto(record.start());
    if (filter_.from && start < *filter_.from) return false;
    return !filter_.to || start < *filter_.to;
  }
  [[nodiscard]] bool has_number(const CallRecord& record) const {
    if (number_.forms.empty()) return true;
    const std::vector<std::string> terms = number_terms(record);
    return std::any_of(terms.begin(), terms.end(),
                       [&](const std::string& term) { return number_.matches(term); });
  }
  [[nodiscard]] bool has_facts(const CallRecord& record) const {
    if (!filter_.conversation.empty() && record.conversation() != filter_.conversation) {
      return false;
    }
    if (!filter_.state.empty() && record.state() != filter_.state) return false;
    if (!filter_.direction.empty() && record.direction() != filter_.direction) return false;
    if (!department_.empty() && !has_department(record, department_)) return false;
    if (!person_.empty() && !has_person(record, person_)) return false;
    if (!withheld_.empty() && !is_withheld(record, withheld_)) return false;
    if (filter_.longer_than && record.duration_s() <= to_seconds(*filter_.longer_than))
      return false;
    return !filter_.shorter_than || record.duration_s() < to_seconds(*filter_.shorter_than);
  }

  const CallFilter& filter_;
  NumberPattern number_;
  std::string department_;
  std::string person_;
  std::string withheld_;
};

WalkRange range_of(const CallFilter& filter) {
  WalkRange range;
  range.ids.last.bytes.fill(0xFF);
  if (filter.from) range.ids.first = ulids_at(*filter.from).first;
  if (filter.to) range.ids.last = ulids_at(*filter.to).last;
  range.oldest_first = filter.oldest_first;
  return range;
}

// Term prefixes of the numbers that the pattern can mean; nothing if they are too many to merge.
Result<std::optional<std::vector<std::string>>> numbers_of(const Index& index,
                                                           const NumberPattern& pattern) {
  using Shape = NumberPattern::Shape;
  std::vector<std::string> terms;
  if (pattern.shape == Shape::kPart) return std::optional<std::vector<std::string>>();
  for (const std::string& form : pattern.forms) {
    if (pattern.shape == Shape::kWhole) {
      terms.push_back(term_prefix(KeyKind::kNumber, form));
      continue;
    }
    auto found = pattern.shape == Shape::kPrefix
                     ? numbers_with_prefix(index, form, kMaxNumbersMerged)
                     : numbers_with_suffix(index, form, kMaxNumbersMerged);
    if (!found || !*found) return found;
    terms.insert(terms.end(), (*found)->begin(), (*found)->end());
  }
  std::sort(terms.begin(), terms.end());
  terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
  return std::optional(std::move(terms));
}

// The most selective key first.
Result<std::unique_ptr<CallWalk>> plan(const Index& index, const CallFilter& filter,
                                       const NumberPattern& number) {
  const WalkRange range = range_of(filter);
  if (const auto conversation = Ulid::parse(filter.conversation)) {
    return walk_conversation(index, *conversation, range);
  }
  if (!number.forms.empty()) {
    auto terms = numbers_of(index, number);
    if (!terms) return tl::make_unexpected(std::move(terms).error());
    if (*terms) return walk_terms(index, **terms, range);
  }
  if (const std::string person = name_term(filter.person); !person.empty()) {
    return walk_terms(index, {term_prefix(KeyKind::kPerson, person)}, range);
  }
  if (const std::string department = name_term(filter.department); !department.empty()) {
    return walk_terms(index, {term_prefix(KeyKind::kDepartment, department)}, range);
  }
  return walk_all(index, range);
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
                         const std::function<bool(const CallRecord&)>& visit) {
  const NumberPattern number = parse_number_pattern(filter.number, region);
  Result<std::unique_ptr<CallWalk>> walk = plan(index, filter, number);
  if (!walk) return tl::make_unexpected(std::move(walk).error());
  const Matcher matches(filter, number);
  std::size_t given = 0;
  while (filter.limit == 0 || given < filter.limit) {
    Result<std::optional<CallRecord>> record = (*walk)->next();
    if (!record) return tl::make_unexpected(std::move(record).error());
    if (!*record) break;
    if (!matches(**record)) continue;
    ++given;
    if (!visit(**record)) break;
  }
  return {};
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
    Result<std::optional<CallRecord>> record = (*walk)->next();
    if (!record) return tl::make_unexpected(std::move(record).error());
    if (!*record) break;
    found.push_back(std::move(**record));
  }
  if (found.empty()) return failure("no call " + shown, ErrorKind::kNotFound);
  if (found.size() > 1) return tl::make_unexpected(ambiguous(shown, found));
  return std::move(found.front());
}

}  // namespace koegura::store
