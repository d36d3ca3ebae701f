// Call facts: what the keys of the index say of a call beside its id, so that most questions are
// decided without its record: one byte for state and direction, the length in milliseconds.
//
// A value is: outcome, of which bit 7 says that the key's term was cut; then the length in
// milliseconds and 1, 7 bits a byte, the lowest first (bit 7: more follow); 0 where the length does
// not go into 32 bits, and only the record knows it. Keys of schema 3 have no value.
//
// Free-threaded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "record.pb.h"
#include "store/archive.h"

namespace koegura::store {

struct CallFacts {
  char outcome = 0;                          // never a zero byte
  std::optional<std::uint32_t> duration_ms;  // whole ones
  friend bool operator==(const CallFacts&, const CallFacts&) = default;
};

[[nodiscard]] CallFacts facts_of(const CallRecord& record);
// Words that this program does not know share one code each for state and direction.
[[nodiscard]] char outcome_of(std::string_view state, std::string_view direction);

struct KeyFacts {
  CallFacts facts;
  bool is_cut = false;
};
[[nodiscard]] std::string encode_facts(const CallFacts& facts, bool is_cut);
[[nodiscard]] std::optional<KeyFacts> decode_facts(std::string_view value);

// 7 bits a byte, the lowest first.
void append_varint(std::string& out, std::uint64_t value);
// Takes it off the front; nothing if there is none.
[[nodiscard]] std::optional<std::uint64_t> take_varint(std::string_view& bytes);

enum class Verdict : unsigned char { kNo, kYes, kUnknown };  // unknown: the record decides

// A filter's state, direction and lengths, on facts.
class FactsFilter {
 public:
  explicit FactsFilter(const CallFilter& filter);

  [[nodiscard]] Verdict operator()(const CallFacts& facts) const;
  // Whether calls of the outcome can match, as far as state and direction go.
  [[nodiscard]] bool may_be(char outcome) const;
  // All outcomes that can; of one that is a word this program does not know, the code it shares.
  [[nodiscard]] std::string outcomes() const;
  [[nodiscard]] bool restricts() const { return restricts_outcome_ || longer_ms_ || shorter_ms_; }
  // Counts of outcomes decide: state and direction are words that are known, and no length is
  // asked.
  [[nodiscard]] bool is_of_outcomes() const {
    return !has_unknown_word_ && !longer_ms_ && !shorter_ms_;
  }

 private:
  std::optional<unsigned> state_;
  std::optional<unsigned> direction_;
  bool restricts_outcome_ = false;
  bool has_unknown_word_ = false;
  std::optional<double> longer_ms_;
  std::optional<double> shorter_ms_;
};

}  // namespace koegura::store
