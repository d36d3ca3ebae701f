#include "call_facts.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "store/call_words.h"

namespace koegura::store {

namespace {

constexpr unsigned kDirectionBits = 3;
constexpr unsigned kDirectionMask = (1U << kDirectionBits) - 1;
constexpr unsigned kNeverZero = 0x40;
constexpr unsigned kCut = 0x80;
constexpr unsigned kOutcomeMask = 0x7F;

// Its place, from 1; 0 is any other word.
template <std::size_t Size>
unsigned code_of(const std::array<std::string_view, Size>& words, std::string_view word) {
  const auto found = std::find(words.begin(), words.end(), word);
  return found == words.end() ? 0 : static_cast<unsigned>(found - words.begin()) + 1;
}

unsigned byte_of(char c) {
  return static_cast<unsigned char>(c);
}
unsigned state_in(char outcome) {
  return (byte_of(outcome) & ~kNeverZero & kOutcomeMask) >> kDirectionBits;
}
unsigned direction_in(char outcome) {
  return byte_of(outcome) & kDirectionMask;
}

char outcome_of_codes(unsigned state, unsigned direction) {
  return static_cast<char>(kNeverZero | state << kDirectionBits | direction);
}

std::optional<std::uint32_t> whole_milliseconds(double seconds) {
  const double milliseconds = std::floor(seconds * 1000);
  if (!(milliseconds >= 0 && milliseconds < UINT32_MAX)) return std::nullopt;
  return static_cast<std::uint32_t>(milliseconds);
}

// Milliseconds around the limit are the record's: it has more digits, and rounded them.
Verdict is_above(double limit_ms, std::uint32_t value_ms) {
  constexpr double kMargin = 2;
  if (value_ms > limit_ms + kMargin) return Verdict::kYes;
  return value_ms + kMargin < limit_ms ? Verdict::kNo : Verdict::kUnknown;
}

Verdict opposite(Verdict verdict) {
  if (verdict == Verdict::kUnknown) return verdict;
  return verdict == Verdict::kYes ? Verdict::kNo : Verdict::kYes;
}

}  // namespace

char outcome_of(std::string_view state, std::string_view direction) {
  return outcome_of_codes(code_of(kCallStates, state), code_of(kCallDirections, direction));
}

CallFacts facts_of(const CallRecord& record) {
  return {.outcome = outcome_of(record.state(), record.direction()),
          .duration_ms = whole_milliseconds(record.duration_s())};
}

std::string encode_facts(const CallFacts& facts, bool is_cut) {
  const unsigned mark = is_cut ? kCut : 0;
  std::string value(1, static_cast<char>(byte_of(facts.outcome) | mark));
  append_varint(value, facts.duration_ms ? std::uint64_t{*facts.duration_ms} + 1 : 0);
  return value;
}

std::optional<KeyFacts> decode_facts(std::string_view value) {
  if (value.size() < 2) return std::nullopt;
  const unsigned first = byte_of(value.front());
  value.remove_prefix(1);
  const std::optional<std::uint64_t> length = take_varint(value);
  if (!length) return std::nullopt;
  KeyFacts key;
  key.facts.outcome = static_cast<char>(first & kOutcomeMask);
  if (*length != 0) key.facts.duration_ms = static_cast<std::uint32_t>(*length - 1);
  key.is_cut = (first & kCut) != 0;
  return key;
}

void append_varint(std::string& out, std::uint64_t value) {
  constexpr std::uint64_t kMore = 0x80;
  for (; value >= kMore; value >>= 7U) out.push_back(static_cast<char>(value | kMore));
  out.push_back(static_cast<char>(value));
}

std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
  constexpr unsigned kMost = 64;
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < kMost && !bytes.empty(); shift += 7) {
    const unsigned byte = byte_of(bytes.front());
    bytes.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if ((byte & 0x80U) == 0) return value;
  }
  return std::nullopt;
}

FactsFilter::FactsFilter(const CallFilter& filter) {
  if (!filter.state.empty()) state_ = code_of(kCallStates, filter.state);
  if (!filter.direction.empty()) direction_ = code_of(kCallDirections, filter.direction);
  restricts_outcome_ = state_ || direction_;
  has_unknown_word_ = state_ == 0U || direction_ == 0U;
  if (filter.longer_than) longer_ms_ = to_seconds(*filter.longer_than) * 1000;
  if (filter.shorter_than) shorter_ms_ = to_seconds(*filter.shorter_than) * 1000;
}

bool FactsFilter::may_be(char outcome) const {
  if (state_ && state_in(outcome) != *state_) return false;
  return !direction_ || direction_in(outcome) == *direction_;
}

Verdict FactsFilter::operator()(const CallFacts& facts) const {
  if (!may_be(facts.outcome)) return Verdict::kNo;
  Verdict verdict = has_unknown_word_ ? Verdict::kUnknown : Verdict::kYes;
  if (!longer_ms_ && !shorter_ms_) return verdict;
  if (!facts.duration_ms) return Verdict::kUnknown;
  const std::uint32_t length = *facts.duration_ms;
  const Verdict longer = longer_ms_ ? is_above(*longer_ms_, length) : Verdict::kYes;
  const Verdict shorter = shorter_ms_ ? opposite(is_above(*shorter_ms_, length)) : Verdict::kYes;
  for (const Verdict part : {longer, shorter}) {
    if (part == Verdict::kNo) return part;
    if (part == Verdict::kUnknown) verdict = part;
  }
  return verdict;
}

std::string FactsFilter::outcomes() const {
  std::string outcomes;
  for (unsigned state = 0; state <= kCallStates.size(); ++state) {
    for (unsigned direction = 0; direction <= kCallDirections.size(); ++direction) {
      const char outcome = outcome_of_codes(state, direction);
      if (may_be(outcome)) outcomes.push_back(outcome);
    }
  }
  return outcomes;
}

}  // namespace koegura::store
