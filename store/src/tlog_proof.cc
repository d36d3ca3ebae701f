#include "tlog_proof.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "capture/base64.h"
#include "checkpoint.h"
#include "ledger_format.h"
#include "merkle_tree.h"

namespace koegura::store {

namespace {

constexpr std::string_view kFirstLine = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtra = "extra ";
constexpr std::string_view kIndex = "index ";
constexpr std::size_t kMostHashes = 64;  // a tree of 2^64 entries

// The next line of the text without its end; nothing if there is no whole one.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::optional<std::string_view> take_after(std::string_view& text, std::string_view word) {
  const auto line = take_line(text);
  if (!line || !line->starts_with(word)) return std::nullopt;
  return line->substr(word.size());
}

std::optional<Sha256> hash_of(std::string_view base64) {
  const std::optional<std::string> bytes = capture::from_strict_base64(base64);
  Sha256 hash{};
  if (!bytes || bytes->size() != hash.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), hash.begin());
  return hash;
}

}  // namespace

Result<LedgerProof> read_tlog_proof(std::string_view text) {
  const tl::unexpected<Error> wrong = failure("it is no proof of an entry");
  const std::string_view whole = text;
  LedgerProof proof;
  if (take_line(text) != kFirstLine) return wrong;
  const auto extra = take_after(text, kExtra);
  const auto index = take_after(text, kIndex);
  if (!extra || !index) return wrong;
  const std::optional<std::string> line = capture::from_strict_base64(*extra);
  const char* const last = index->data() + index->size();
  const auto [end, error] = std::from_chars(index->data(), last, proof.index);
  if (!line || error != std::errc() || end != last) return wrong;
  proof.line = *line;
  for (auto hash = take_line(text); true; hash = take_line(text)) {
    if (!hash) return wrong;
    if (hash->empty()) break;
    if (!hash_of(*hash) || proof.path.size() == kMostHashes) return wrong;
    proof.path.emplace_back(*hash);
  }
  proof.head = text;
  Result<LedgerEntry> entry = parse_entry(proof.line, proof.index);
  if (!entry) return tl::make_unexpected(std::move(entry).error().in("its entry"));
  proof.entry = std::move(*entry);
  if (tlog_proof(proof) != whole) return wrong;
  return proof;
}

Result<void> verify_proof(const LedgerProof& proof, const VerifyingKey& key) {
  const Result<Checkpoint> head = verify_checkpoint(proof.head, key);
  if (!head) return failure("its head: " + head.error().message, ErrorKind::kVerification);
  std::vector<Sha256> path;
  for (const std::string& hash : proof.path) path.push_back(hash_of(hash).value_or(Sha256{}));
  if (verify_inclusion(leaf_hash(proof.line), proof.index, head->tree, path)) return {};
  return failure("its entry is not in the tree that the head was signed of",
                 ErrorKind::kVerification);
}

}  // namespace koegura::store
