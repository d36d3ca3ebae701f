#include "term_dictionary.h"

#include <cassert>
#include <memory>

namespace koegura::store {

namespace {

std::string one_past(std::string key) {
  assert(!key.empty() && key.back() != '\xFF');
  key.back() = static_cast<char>(key.back() + 1);
  return key;
}

tl::unexpected<Error> damaged_keys() {
  return failure("the index is damaged: `koegura reindex` rebuilds it from the call files");
}

std::string beginning_of(KeyKind kind, std::string_view prefix) {
  return std::string(1, static_cast<char>(kind)) + std::string(prefix);
}

// Those that have the part, too.
Result<Terms> terms_where(const Index& index, const std::string& wanted, std::string_view part,
                          std::size_t limit) {
  const Result<std::unique_ptr<IndexCursor>> cursor = index.cursor();
  if (!cursor) return tl::make_unexpected(cursor.error());
  IndexCursor& at = **cursor;
  std::vector<std::string> found;
  std::string term;
  // Past a term's last call lies the next term.
  for (at.seek(wanted); at.valid() && at.key().starts_with(wanted); at.seek(one_past(term))) {
    const std::optional<TermEntry> entry = parse_term_key(at.key());
    if (!entry) return damaged_keys();
    term = entry->term_prefix;
    if (term.find(part, 1) == std::string::npos) continue;
    if (found.size() == limit) return Terms();
    found.push_back(term);
  }
  return at.status().map([&] { return Terms(std::move(found)); });
}

}  // namespace

Result<Candidates> calls_with_prefix(const Index& index, KeyKind kind, std::string_view prefix,
                                     std::size_t limit) {
  const Result<std::unique_ptr<IndexCursor>> cursor = index.cursor();
  if (!cursor) return tl::make_unexpected(cursor.error());
  IndexCursor& at = **cursor;
  const std::string wanted = beginning_of(kind, prefix);
  std::vector<Candidate> found;
  for (at.seek(wanted); at.valid() && at.key().starts_with(wanted); at.next()) {
    if (found.size() == limit) return Candidates();
    const std::optional<TermEntry> entry = parse_term_key(at.key());
    if (!entry) return damaged_keys();
    found.push_back(candidate_of(*entry, at.value()));
  }
  return at.status().map([&] { return Candidates(std::move(found)); });
}

Result<Terms> terms_with_prefix(const Index& index, KeyKind kind, std::string_view prefix,
                                std::size_t limit) {
  return terms_where(index, beginning_of(kind, prefix), {}, limit);
}

Result<Terms> numbers_with_part(const Index& index, std::string_view part, std::size_t limit) {
  return terms_where(index, beginning_of(KeyKind::kNumber, {}), part, limit);
}

}  // namespace koegura::store
