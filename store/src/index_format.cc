#include "index_format.h"

#include <algorithm>

#include "name_term.h"
#include "store/number.h"

namespace koegura::store {

namespace {

constexpr char kTermEnd = '\0';

std::string_view as_text(const Ulid& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

Ulid complement(Ulid id) {
  for (std::uint8_t& byte : id.bytes) byte = static_cast<std::uint8_t>(~byte);
  return id;
}

Ulid ulid_from(std::string_view bytes) {
  Ulid id;
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return id;
}

std::string id_key(KeyKind kind, const Ulid& id) {
  std::string key(1, static_cast<char>(kind));
  key += as_text(id);
  return key;
}

std::optional<Ulid> id_of_key(KeyKind kind, std::string_view key) {
  if (key.size() != 1 + Ulid::kSize || key.front() != static_cast<char>(kind)) return std::nullopt;
  return ulid_from(key.substr(1));
}

std::string_view cut(std::string_view term) {
  return term.substr(0, std::min(term.find(kTermEnd), kMaxTermSize));
}

void append_big_endian(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

std::uint64_t read_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8U | static_cast<std::uint8_t>(byte);
  return value;
}

}  // namespace

std::string call_key(const Ulid& id) {
  return id_key(KeyKind::kCall, id);
}
std::optional<Ulid> id_of_call_key(std::string_view key) {
  return id_of_key(KeyKind::kCall, key);
}

std::string evidence_key(const Ulid& id) {
  return id_key(KeyKind::kEvidence, id);
}
std::optional<Ulid> id_of_evidence_key(std::string_view key) {
  return id_of_key(KeyKind::kEvidence, key);
}

std::string term_prefix(KeyKind kind, std::string_view term) {
  std::string prefix(1, static_cast<char>(kind));
  prefix += cut(term);
  prefix.push_back(kTermEnd);
  return prefix;
}

std::string conversation_prefix(const Ulid& conversation) {
  return id_key(KeyKind::kConversation, conversation) + kTermEnd;
}

std::string term_key(std::string_view term_prefix, const Ulid& id) {
  std::string key(term_prefix);
  key += as_text(complement(id));
  return key;
}

std::optional<TermEntry> parse_term_key(std::string_view key) {
  if (key.size() < 2 + Ulid::kSize) return std::nullopt;
  const std::size_t prefix_size = key.size() - Ulid::kSize;
  if (key[prefix_size - 1] != kTermEnd) return std::nullopt;
  return TermEntry{key.substr(0, prefix_size), complement(ulid_from(key.substr(prefix_size)))};
}

std::string reversed_number_key(std::string_view term) {
  const std::string_view kept = cut(term);
  std::string key(1, static_cast<char>(KeyKind::kReversedNumber));
  key.append(kept.rbegin(), kept.rend());
  return key;
}

std::string schema_key() {
  return std::string(1, static_cast<char>(KeyKind::kMeta)) + "schema";
}
std::string totals_key() {
  return std::string(1, static_cast<char>(KeyKind::kMeta)) + "totals";
}

std::vector<std::string> number_terms(const CallRecord& record) {
  std::vector<std::string> terms;
  std::vector<const Party*> parties{&record.caller(), &record.callee(), &record.answered_by()};
  for (const Diversion& diversion : record.diversions()) parties.push_back(&diversion.party());
  for (const Party* party : parties) {
    std::string term = number_term(party->number());
    const bool is_new = std::find(terms.begin(), terms.end(), term) == terms.end();
    if (!term.empty() && is_new) terms.push_back(std::move(term));
  }
  return terms;
}

CallKeys keys_of(const CallRecord& record, const Ulid& id) {
  CallKeys keys;
  const std::optional<Ulid> conversation = Ulid::parse(record.conversation());
  if (conversation && *conversation != id) {
    keys.own.push_back(term_key(conversation_prefix(*conversation), id));
  }
  for (const std::string& term : number_terms(record)) {
    keys.own.push_back(term_key(term_prefix(KeyKind::kNumber, term), id));
    keys.shared.push_back(reversed_number_key(term));
  }
  for (const Party* party : {&record.caller(), &record.callee(), &record.answered_by()}) {
    if (const std::string department = name_term(party->department()); !department.empty()) {
      keys.own.push_back(term_key(term_prefix(KeyKind::kDepartment, department), id));
    }
    if (const std::string person = name_term(party->person()); !person.empty()) {
      keys.own.push_back(term_key(term_prefix(KeyKind::kPerson, person), id));
    }
  }
  return keys;
}

std::string encode_totals(const Totals& totals) {
  std::string value;
  append_big_endian(value, totals.calls);
  append_big_endian(value, totals.file_bytes);
  return value;
}

std::optional<Totals> decode_totals(std::string_view value) {
  if (value.size() != 16) return std::nullopt;
  return Totals{read_big_endian(value.substr(0, 8)), read_big_endian(value.substr(8))};
}

}  // namespace koegura::store
