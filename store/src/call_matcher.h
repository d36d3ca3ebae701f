// Call matcher: whether a call is what a filter asks for: of its keys, which may not know, and of
// its record, which does.
//
// Free-threaded.
#pragma once

#include <string>

#include "call_facts.h"
#include "id_stream.h"
#include "record.pb.h"
#include "store/archive.h"
#include "store/number.h"
#include "text_terms.h"

namespace koegura::store {

// What people call the reasons that carriers give ("非通知"), as name_term folds them; "any" stays.
[[nodiscard]] std::string withheld_term(const std::string& text);

// The time, state, direction and length of a filter, on what keys say.
class CandidateFilter {
 public:
  explicit CandidateFilter(const CallFilter& filter)
      : from_(filter.from), to_(filter.to), facts_(filter) {}

  [[nodiscard]] Verdict operator()(const Candidate& candidate) const;
  [[nodiscard]] const FactsFilter& facts() const { return facts_; }

 private:
  [[nodiscard]] Verdict in_time(const Ulid& id) const;

  std::optional<Timestamp> from_;
  std::optional<Timestamp> to_;
  FactsFilter facts_;
};

// The whole filter, on the record: keys only propose. REQUIRES: the filter outlives it.
class CallMatcher {
 public:
  CallMatcher(const CallFilter& filter, NumberPattern number);

  [[nodiscard]] bool operator()(const CallRecord& record) const;

 private:
  [[nodiscard]] bool in_time(const CallRecord& record) const;
  [[nodiscard]] bool has_number(const CallRecord& record) const;
  [[nodiscard]] bool has_outcome(const CallRecord& record) const;
  [[nodiscard]] bool has_words(const CallRecord& record) const;

  const CallFilter& filter_;
  NumberPattern number_;
  std::string department_;
  std::string person_;
  std::string withheld_;
  std::string tag_;
  TextPattern text_;
};

}  // namespace koegura::store
