#include "index_format.h"

#include <algorithm>
#include <chrono>

#include "call_facts.h"
#include "name_term.h"
#include "store/number.h"
#include "text_terms.h"

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

constexpr std::size_t kDaySize = 4;
constexpr char kWithheldMark = '-';

// The keys of one record: each term under its kind, with the facts.
class OwnKeys {
 public:
  OwnKeys(const CallRecord& record, const Ulid& id) : id_(id), facts_(facts_of(record)) {}

  void add(KeyKind kind, std::string_view term) {
    if (!term.empty()) put(term_prefix(kind, term), is_cut(term));
  }
  void put(const std::string& prefix, bool is_cut) {
    keys_.push_back({term_key(prefix, id_), encode_facts(facts_, is_cut)});
  }
  void add_outcome() { add(KeyKind::kOutcome, std::string(1, facts_.outcome)); }
  [[nodiscard]] std::vector<OwnKey> take() { return std::move(keys_); }

 private:
  Ulid id_;
  CallFacts facts_;
  std::vector<OwnKey> keys_;
};

}  // namespace

std::string call_key(const Ulid& id) {
  return id_key(KeyKind::kCall, id);
}
std::optional<Ulid> id_of_call_key(std::string_view key) {
  return id_of_key(KeyKind::kCall, key);
}

std::string waiting_key(const Ulid& id) {
  return id_key(KeyKind::kWaiting, id);
}
std::optional<Ulid> id_of_waiting_key(std::string_view key) {
  return id_of_key(KeyKind::kWaiting, key);
}

std::string erased_key(const Ulid& id) {
  return id_key(KeyKind::kErased, id);
}

std::string erasing_key(const Ulid& id) {
  return id_key(KeyKind::kErasing, id);
}
std::optional<Ulid> id_of_erasing_key(std::string_view key) {
  return id_of_key(KeyKind::kErasing, key);
}
std::string encode_erasing(const Erasing& erasing) {
  std::string value;
  append_big_endian(value, erasing.file_bytes);
  return value + erasing.path;
}
std::optional<Erasing> decode_erasing(std::string_view value) {
  constexpr std::size_t kNumber = 8;
  if (value.size() < kNumber) return std::nullopt;
  return Erasing{.file_bytes = read_big_endian(value.substr(0, kNumber)),
                 .path = std::string(value.substr(kNumber))};
}

std::string evidence_key(const Ulid& id) {
  return id_key(KeyKind::kEvidence, id);
}
std::optional<Ulid> id_of_evidence_key(std::string_view key) {
  return id_of_key(KeyKind::kEvidence, key);
}

std::string annotation_key(const Ulid& id) {
  return id_key(KeyKind::kAnnotation, id);
}
std::optional<Ulid> id_of_annotation_key(std::string_view key) {
  return id_of_key(KeyKind::kAnnotation, key);
}

std::uint32_t day_of(const Ulid& id) {
  const auto days = std::chrono::floor<std::chrono::days>(time_in(id));
  return static_cast<std::uint32_t>(days.time_since_epoch().count());
}

std::string count_key(std::uint32_t day) {
  std::string bytes;
  append_big_endian(bytes, day);
  return std::string(1, static_cast<char>(KeyKind::kCount)) + bytes.substr(bytes.size() - kDaySize);
}
std::optional<std::uint32_t> day_of_count_key(std::string_view key) {
  const bool is_count =
      key.size() == 1 + kDaySize && key.front() == static_cast<char>(KeyKind::kCount);
  if (!is_count) return std::nullopt;
  return static_cast<std::uint32_t>(read_big_endian(key.substr(1)));
}

bool is_cut(std::string_view term) {
  return cut(term).size() < term.size();
}

std::string withheld_prefix(std::string_view folded_reason) {
  return term_prefix(KeyKind::kText, kWithheldMark + std::string(folded_reason));
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

std::string reversed_number(std::string_view term) {
  return {term.rbegin(), term.rend()};
}

std::string schema_key() {
  return std::string(1, static_cast<char>(KeyKind::kMeta)) + "schema";
}
std::string totals_key() {
  return std::string(1, static_cast<char>(KeyKind::kMeta)) + "totals";
}
std::string ledger_key() {
  return std::string(1, static_cast<char>(KeyKind::kMeta)) + "ledger";
}

std::string region_key() {
  return std::string(1, static_cast<char>(KeyKind::kMeta)) + "region";
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

std::vector<OwnKey> keys_of(const CallRecord& record, const Ulid& id) {
  OwnKeys own(record, id);
  own.add_outcome();
  const std::optional<Ulid> conversation = Ulid::parse(record.conversation());
  if (conversation && *conversation != id) own.put(conversation_prefix(*conversation), false);
  for (const std::string& term : number_terms(record)) {
    own.add(KeyKind::kNumber, term);
    own.add(KeyKind::kReversedNumber, reversed_number(term));
  }
  for (const Party* party : {&record.caller(), &record.callee(), &record.answered_by()}) {
    own.add(KeyKind::kDepartment, name_term(party->department()));
    own.add(KeyKind::kPerson, name_term(party->person()));
  }
  if (const std::string reason = name_term(record.caller().withheld()); !reason.empty()) {
    own.put(withheld_prefix(reason), is_cut(kWithheldMark + reason));
  }
  for (const std::string& term : terms_of_notes(record)) own.add(KeyKind::kText, term);
  return own.take();
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
