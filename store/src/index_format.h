// The keys of the index. Their prose twin is in store/NOTES.md, "The index"; change both together
// and raise kIndexSchema.
//
// A key begins with one byte that says what it is. Key order is the query plan:
//
//   'c' id                     → CallRecord        by id, which is by time: the id begins with it
//   'n' number 0 ~id           → nothing           a number's calls, newest first
//   'r' number-reversed        → nothing           the numbers there are, for suffixes
//   'd' department 0 ~id       → nothing           a department's calls (name_term), newest first
//   'p' person 0 ~id           → nothing
//   'v' id' 0 ~id              → nothing           the later legs of the conversation id'
//   'e' id                     → Fingerprint       of a recent leg, to join others to it
//   'm' "schema" | "totals"    → schema, totals
//
// id = 16 bytes of the ULID; ~id = its complement, so that a forward scan gives the newest call
// first. id' is the conversation's id, which is its first leg's: that leg needs no key. All but
// 'c', 'e' and 'm' can be made anew from the records.
//
// Schema 1 had neither 'v' nor 'e': each call was a conversation of its own. So it is one of schema
// 2 in which nothing has been joined.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record.pb.h"
#include "ulid.h"

namespace koegura::store {

inline constexpr int kIndexSchema = 2;

enum class KeyKind : char {
  kCall = 'c',
  kConversation = 'v',
  kDepartment = 'd',
  kEvidence = 'e',
  kMeta = 'm',
  kNumber = 'n',
  kPerson = 'p',
  kReversedNumber = 'r',
};

[[nodiscard]] std::string call_key(const Ulid& id);
[[nodiscard]] std::optional<Ulid> id_of_call_key(std::string_view key);

[[nodiscard]] std::string evidence_key(const Ulid& id);
[[nodiscard]] std::optional<Ulid> id_of_evidence_key(std::string_view key);

// Everything of one term lies between term_prefix + ~newest and term_prefix + ~oldest. A term is
// cut at kMaxTermSize and ends at a zero byte: keys propose, the record decides.
inline constexpr std::size_t kMaxTermSize = 128;
[[nodiscard]] std::string term_prefix(KeyKind kind, std::string_view term);
[[nodiscard]] std::string term_key(std::string_view term_prefix, const Ulid& id);

// The term of a conversation's later legs.
[[nodiscard]] std::string conversation_prefix(const Ulid& conversation);

struct TermEntry {
  std::string_view term_prefix;  // kind, term and zero byte: of the key
  Ulid id;
};
[[nodiscard]] std::optional<TermEntry> parse_term_key(std::string_view key);

[[nodiscard]] std::string reversed_number_key(std::string_view term);
[[nodiscard]] std::string schema_key();
[[nodiscard]] std::string totals_key();

// The terms under which the numbers of the record's parties are found, each once; those who were
// called before are among them.
[[nodiscard]] std::vector<std::string> number_terms(const CallRecord& record);

// All keys of one call but its 'c' key. Those that other calls share ('r') are in shared.
struct CallKeys {
  std::vector<std::string> own;
  std::vector<std::string> shared;
};
[[nodiscard]] CallKeys keys_of(const CallRecord& record, const Ulid& id);

// Kept with every change: how many calls, and the bytes of their files.
struct Totals {
  std::uint64_t calls = 0;
  std::uint64_t file_bytes = 0;
};
[[nodiscard]] std::string encode_totals(const Totals& totals);
[[nodiscard]] std::optional<Totals> decode_totals(std::string_view value);

}  // namespace koegura::store
