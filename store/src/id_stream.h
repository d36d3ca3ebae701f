// Id stream: calls in order of time, each once, as the keys of the index name them; no record is
// read for it.
//
// Threads: one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "call_facts.h"
#include "capture/error.h"
#include "index.h"
#include "ulid.h"

namespace koegura::store {

struct WalkRange {
  UlidRange ids;  // both inclusive
  bool oldest_first = false;

  // In the order of the walk.
  [[nodiscard]] bool is_before(const Ulid& a, const Ulid& b) const {
    return oldest_first ? a < b : b < a;
  }
};

struct Candidate {
  Ulid id;
  std::optional<CallFacts> facts;  // none: no key says them
  bool is_cut = false;             // a term's key has not all of the term: the record decides
};

// What a term's key and its value say.
struct TermEntry;
[[nodiscard]] Candidate candidate_of(const TermEntry& entry, std::string_view value);

class IdStream {
 public:
  virtual ~IdStream() = default;
  // Nothing at the end.
  [[nodiscard]] virtual const std::optional<Candidate>& current() const = 0;
  // REQUIRES: there is a current one. After a failure it is at its end.
  [[nodiscard]] virtual Result<void> advance() = 0;
  // Stays where it is if that is not before the id, in the order of the walk.
  [[nodiscard]] virtual Result<void> skip_to(const Ulid& id) = 0;
};

// REQUIRES, of all: the index outlives the stream.

// The calls of any of the terms (term_prefix), merged; and one call more, which no key has to name.
// A term costs one seek to begin with. Few have a cursor each; many share one, and cost a few bytes
// and a seek a call.
[[nodiscard]] Result<std::unique_ptr<IdStream>> any_of_terms(
    const Index& index, const std::vector<std::string>& terms, const WalkRange& range,
    const std::optional<Ulid>& also = std::nullopt);

// These, in whatever order they come and however often.
[[nodiscard]] std::unique_ptr<IdStream> stream_of(std::vector<Candidate> candidates,
                                                  const WalkRange& range);

// The calls that all have: each skips to where the others are, so that it costs what the rarest
// does. REQUIRES: at least one.
[[nodiscard]] Result<std::unique_ptr<IdStream>> all_of_streams(
    std::vector<std::unique_ptr<IdStream>> streams);

}  // namespace koegura::store
