// The keys of the index. Their prose twin is in store/NOTES.md, "The index"; change both together
// and raise kIndexSchema.
//
// A key begins with one byte that says what it is. Key order is the query plan:
//
//   'c' id                     → CallRecord        by id, which is by time: the id begins with it
//   'n' number 0 ~id           → facts             a number's calls, newest first
//   'r' number-reversed 0 ~id  → facts             the same, for suffixes
//   'd' department 0 ~id       → facts             a department's calls (name_term), newest first
//   'p' person 0 ~id           → facts
//   's' outcome 0 ~id          → facts             the calls of one state and direction
//   't' term 0 ~id             → facts             of notes, tags, and why a number was withheld
//   'v' id' 0 ~id              → facts             the later legs of the conversation id'
//   'k' day                    → counts            of that day's calls, each outcome's
//   'e' id                     → Fingerprint       of a recent leg, to join others to it
//   'w' id                     → nothing           of a call that waits for its ledger entry
//   'x' id                     → nothing           of an erased call: it does not come back
//   'h' id                     → bytes, path       of one that is being erased: what is left of it
//   'a' id                     → place             of a note that is being written (note_keeper.h)
//   'm' "schema" | "totals"    → schema, totals
//   'm' "ledger"               → position, origin  what the 'w' keys know of the ledger
//   'm' "region"               → region            of a reindex that is under way
//
// Facts are call_facts.h's, counts day_counts.h's, terms text_terms.h's.
//
// id = 16 bytes of the ULID; ~id = its complement, so that a forward scan gives the newest call
// first. id' is the conversation's id, which is its first leg's: that leg needs no key. All but
// 'c', 'e', 'w', 'a', 'x', 'h' and 'm' can be made anew from the records, and 'w', 'x' and 'h'
// from the ledger.
//
// Schema 1 had neither 'v' nor 'e': each call was a conversation of its own. So it is one of schema
// 2 in which nothing has been joined. Schema 2 had no 'w': without 'm' "ledger" every call waits.
// Schema 3 had no facts, 's', 't', 'k' nor 'a', and 'r' without ids: index_upgrade makes them from
// the records, and until that is done "schema" says up to which call it has come ("4 up to ID").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record.pb.h"
#include "ulid.h"

namespace koegura::store {

inline constexpr int kIndexSchema = 4;

enum class KeyKind : char {
  kAnnotation = 'a',
  kCall = 'c',
  kConversation = 'v',
  kCount = 'k',
  kDepartment = 'd',
  kErased = 'x',
  kErasing = 'h',
  kEvidence = 'e',
  kMeta = 'm',
  kNumber = 'n',
  kOutcome = 's',
  kPerson = 'p',
  kReversedNumber = 'r',
  kText = 't',
  kWaiting = 'w',
};

[[nodiscard]] std::string call_key(const Ulid& id);
[[nodiscard]] std::optional<Ulid> id_of_call_key(std::string_view key);

[[nodiscard]] std::string evidence_key(const Ulid& id);
[[nodiscard]] std::optional<Ulid> id_of_evidence_key(std::string_view key);

[[nodiscard]] std::string waiting_key(const Ulid& id);
[[nodiscard]] std::optional<Ulid> id_of_waiting_key(std::string_view key);

[[nodiscard]] std::string erased_key(const Ulid& id);

// What is left of a call that is being erased.
struct Erasing {
  std::uint64_t file_bytes = 0;
  std::string path;  // of its file, relative to the archive
};
[[nodiscard]] std::string erasing_key(const Ulid& id);
[[nodiscard]] std::optional<Ulid> id_of_erasing_key(std::string_view key);
[[nodiscard]] std::string encode_erasing(const Erasing& erasing);
[[nodiscard]] std::optional<Erasing> decode_erasing(std::string_view value);

[[nodiscard]] std::string annotation_key(const Ulid& id);
[[nodiscard]] std::optional<Ulid> id_of_annotation_key(std::string_view key);

// A day is UTC's, counted from 1970.
[[nodiscard]] std::uint32_t day_of(const Ulid& id);
[[nodiscard]] std::string count_key(std::uint32_t day);
[[nodiscard]] std::optional<std::uint32_t> day_of_count_key(std::string_view key);

// Everything of one term lies between term_prefix + ~newest and term_prefix + ~oldest. A term is
// cut at kMaxTermSize and ends at a zero byte: keys propose, the record decides.
inline constexpr std::size_t kMaxTermSize = 128;
[[nodiscard]] std::string term_prefix(KeyKind kind, std::string_view term);
// The key would not have all of it.
[[nodiscard]] bool is_cut(std::string_view term);
// Under which withheld numbers are found: of each reason, folded.
[[nodiscard]] std::string withheld_prefix(std::string_view folded_reason);
[[nodiscard]] std::string term_key(std::string_view term_prefix, const Ulid& id);

// The term of a conversation's later legs.
[[nodiscard]] std::string conversation_prefix(const Ulid& conversation);

struct TermEntry {
  std::string_view term_prefix;  // kind, term and zero byte: of the key
  Ulid id;
};
[[nodiscard]] std::optional<TermEntry> parse_term_key(std::string_view key);

// The term of a number for suffixes; without its end and an id, what all numbers of a suffix have.
[[nodiscard]] std::string reversed_number(std::string_view term);
[[nodiscard]] std::string schema_key();
[[nodiscard]] std::string totals_key();
[[nodiscard]] std::string ledger_key();
[[nodiscard]] std::string region_key();

// The terms under which the numbers of the record's parties are found, each once; those who were
// called before are among them.
[[nodiscard]] std::vector<std::string> number_terms(const CallRecord& record);

// All keys of one call but its 'c' key and its day's count, and their values.
struct OwnKey {
  std::string key;
  std::string value;
};
[[nodiscard]] std::vector<OwnKey> keys_of(const CallRecord& record, const Ulid& id);

// Kept with every change: how many calls, and the bytes of their files.
struct Totals {
  std::uint64_t calls = 0;
  std::uint64_t file_bytes = 0;
};
[[nodiscard]] std::string encode_totals(const Totals& totals);
[[nodiscard]] std::optional<Totals> decode_totals(std::string_view value);

}  // namespace koegura::store
