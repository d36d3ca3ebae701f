#include "store/ledger.h"

#include <optional>
#include <unordered_map>
#include <utility>

#include "archived_line.h"
#include "capture/base64.h"
#include "checkpoint.h"
#include "durable_file.h"
#include "ledger_format.h"
#include "ledger_leaves.h"
#include "ledger_lines.h"
#include "merkle_tree.h"
#include "open_file.h"
#include "signing_key.h"
#include "tree_blocks.h"

namespace koegura::store {

namespace {

class FolderLedger : public Ledger {
 public:
  FolderLedger(LedgerPaths paths, OpenFile entries, OpenFile leaves, std::uint64_t size)
      : paths_(std::move(paths)),
        entries_(std::move(entries)),
        leaves_(std::move(leaves)),
        size_(size) {}

  [[nodiscard]] std::uint64_t size() const override { return size_; }
  [[nodiscard]] Result<LedgerHead> head() const override;
  [[nodiscard]] Result<void> for_each(std::uint64_t from, const Visit& visit) const override;
  [[nodiscard]] Result<LedgerLine> at(std::uint64_t index) const override;
  [[nodiscard]] Result<std::vector<LedgerLine>> archived(
      const std::vector<std::string>& calls) const override;
  [[nodiscard]] Result<std::vector<LedgerProof>> prove(
      const std::vector<LedgerLine>& entries) const override;
  [[nodiscard]] Result<LedgerConsistency> prove_since(const std::string& kept) const override;

 private:
  [[nodiscard]] Result<VerifyingKey> key() const;
  // Those that the head was signed of, and the tree of them.
  [[nodiscard]] Result<LedgerLeaves> leaves_of(const LedgerHead& head) const;

  LedgerPaths paths_;
  OpenFile entries_;
  OpenFile leaves_;
  std::uint64_t size_;
};

Result<VerifyingKey> FolderLedger::key() const {
  const Result<std::string> pem = read_file(paths_.public_key(), kMostHeadBytes);
  if (!pem) return tl::make_unexpected(pem.error());
  Result<VerifyingKey> key = VerifyingKey::from_pem(*pem);
  if (!key) return tl::make_unexpected(std::move(key).error().in(paths_.public_key()));
  return key;
}

Result<LedgerHead> FolderLedger::head() const {
  const Result<VerifyingKey> key = this->key();
  if (!key) return tl::make_unexpected(key.error());
  Result<std::string> note = read_file(paths_.checkpoint(), kMostHeadBytes);
  if (!note) return tl::make_unexpected(std::move(note).error());
  const Result<Checkpoint> checkpoint = verify_checkpoint(*note, *key);
  if (!checkpoint) return tl::make_unexpected(Error(checkpoint.error()).in(paths_.checkpoint()));
  return LedgerHead{.note = std::move(*note),
                    .origin = checkpoint->origin,
                    .entries = checkpoint->tree.size,
                    .root = capture::to_base64(bytes_of(checkpoint->tree.root))};
}

Result<void> FolderLedger::for_each(std::uint64_t from, const Visit& visit) const {
  if (from >= size_) return {};
  Result<LedgerLeaves> leaves = LedgerLeaves::read(leaves_);
  if (!leaves) return tl::make_unexpected(std::move(leaves).error());
  const Result<std::uint64_t> begin = leaves->begin_of(from);
  if (!begin) return tl::make_unexpected(begin.error());
  LedgerLines lines(entries_, *begin, UINT64_MAX);
  for (std::uint64_t sequence = from; sequence < size_; ++sequence) {
    const std::string where = entries_.path() + ": entry " + std::to_string(sequence);
    const auto line = lines.next();
    if (!line) return tl::make_unexpected(line.error());
    if (!*line) return failure(where + " is missing", ErrorKind::kVerification);
    const Result<LedgerEntry> entry = parse_entry(**line, sequence);
    if (!entry) return failure(where + ": " + entry.error().message, ErrorKind::kVerification);
    if (!visit(*entry, **line)) return {};
  }
  return {};
}

Result<LedgerLine> FolderLedger::at(std::uint64_t index) const {
  std::optional<LedgerLine> found;
  const Result<void> read = for_each(index, [&](const LedgerEntry&, std::string_view line) {
    found = LedgerLine{.index = index, .line = std::string(line)};
    return false;
  });
  if (!read) return tl::make_unexpected(read.error());
  if (!found) {
    return failure("the ledger has no entry " + std::to_string(index), ErrorKind::kNotFound);
  }
  return std::move(*found);
}

// Of an "archived" entry: whose. Lines of others are parsed only if they could be.
std::string archived_call(std::string_view line, std::uint64_t sequence) {
  if (const auto archived = read_archived_line(line)) {
    return archived->sequence == sequence ? std::string(archived->call) : std::string();
  }
  if (line.find(kArchivedEntry) == std::string_view::npos) return {};
  const Result<LedgerEntry> entry = parse_entry(line, sequence);
  return entry && entry->kind() == kArchivedEntry ? entry->call() : std::string();
}

Result<std::vector<LedgerLine>> FolderLedger::archived(
    const std::vector<std::string>& calls) const {
  std::unordered_map<std::string, std::optional<LedgerLine>> wanted;
  for (const std::string& call : calls) wanted[call];
  LedgerLines lines(entries_, 0, UINT64_MAX);
  for (std::uint64_t sequence = 0; sequence < size_; ++sequence) {
    const auto line = lines.next();
    if (!line) return tl::make_unexpected(line.error());
    if (!*line) break;
    const auto found = wanted.find(archived_call(**line, sequence));
    if (found != wanted.end()) {
      found->second = LedgerLine{.index = sequence, .line = std::string(**line)};
    }
  }
  std::vector<LedgerLine> archived;
  for (const std::string& call : calls) {
    const std::optional<LedgerLine>& line = wanted[call];
    if (!line) return failure("the ledger has no entry of call " + call, ErrorKind::kNotFound);
    archived.push_back(*line);
  }
  return archived;
}

Result<LedgerLeaves> FolderLedger::leaves_of(const LedgerHead& head) const {
  Result<LedgerLeaves> leaves = LedgerLeaves::read(leaves_);
  if (leaves && leaves->count() < head.entries) {
    return failure(leaves_.path() + " is too short: `koegura verify` says more",
                   ErrorKind::kVerification);
  }
  return leaves;
}

std::vector<std::string> base64_of(const std::vector<Sha256>& hashes) {
  std::vector<std::string> texts;
  for (const Sha256& hash : hashes) texts.push_back(capture::to_base64(bytes_of(hash)));
  return texts;
}

tl::unexpected<Error> not_as_signed() {
  return failure("the ledger's entries are not those of its head: `koegura verify` says more",
                 ErrorKind::kVerification);
}

Result<LedgerProof> proof_of(const LedgerLine& entry, const TreeBlocks& blocks,
                             const LedgerHead& head) {
  Result<LedgerEntry> parsed = parse_entry(entry.line, entry.index);
  if (!parsed) return tl::make_unexpected(std::move(parsed).error());
  if (entry.index >= head.entries) {
    return failure("entry " + std::to_string(entry.index) + " of call " + parsed->call() +
                       " is not in a signed head yet: one is signed each hour and at the "
                       "recorder's end",
                   ErrorKind::kNotFound);
  }
  const Result<std::vector<Sha256>> path =
      inclusion_proof(entry.index, head.entries, blocks.subtrees());
  if (!path) return tl::make_unexpected(path.error());
  const Result<Checkpoint> checkpoint = read_checkpoint(head.note);
  if (!checkpoint ||
      !verify_inclusion(leaf_hash(entry.line), entry.index, checkpoint->tree, *path)) {
    return not_as_signed();
  }
  return LedgerProof{.entry = std::move(*parsed),
                     .line = entry.line,
                     .index = entry.index,
                     .path = base64_of(*path),
                     .head = head.note};
}

Result<std::vector<LedgerProof>> FolderLedger::prove(const std::vector<LedgerLine>& entries) const {
  const Result<LedgerHead> head = this->head();
  if (!head) return tl::make_unexpected(head.error());
  Result<LedgerLeaves> leaves = leaves_of(*head);
  if (!leaves) return tl::make_unexpected(std::move(leaves).error());
  const Result<TreeBlocks> blocks = TreeBlocks::read(leaves->source(), head->entries);
  if (!blocks) return tl::make_unexpected(blocks.error());
  std::vector<LedgerProof> proofs;
  for (const LedgerLine& entry : entries) {
    Result<LedgerProof> proof = proof_of(entry, *blocks, *head);
    if (!proof) return tl::make_unexpected(std::move(proof).error());
    proofs.push_back(std::move(*proof));
  }
  return proofs;
}

Result<LedgerConsistency> FolderLedger::prove_since(const std::string& kept) const {
  const auto refused = [](const std::string& why) {
    return failure("the head kept: " + why, ErrorKind::kVerification);
  };
  const Result<LedgerHead> head = this->head();
  if (!head) return tl::make_unexpected(head.error());
  const Result<VerifyingKey> key = this->key();
  if (!key) return tl::make_unexpected(key.error());
  const Result<Checkpoint> older = verify_checkpoint(kept, *key);
  if (!older) return refused(older.error().message);
  if (older->tree.size > head->entries) {
    return refused("it was signed of " + std::to_string(older->tree.size) +
                   " entries, and the ledger's head of " + std::to_string(head->entries) +
                   ": entries were removed since");
  }
  Result<LedgerLeaves> leaves = leaves_of(*head);
  if (!leaves) return tl::make_unexpected(std::move(leaves).error());
  const Result<TreeBlocks> blocks = TreeBlocks::read(leaves->source(), head->entries);
  if (!blocks) return tl::make_unexpected(blocks.error());
  const Result<Sha256> root = blocks->subtrees()({.begin = 0, .end = head->entries});
  const auto path = consistency_proof(older->tree.size, head->entries, blocks->subtrees());
  if (!root || !path) return tl::make_unexpected(root ? path.error() : root.error());
  const Result<Checkpoint> newer = read_checkpoint(head->note);
  if (!newer || *root != newer->tree.root) return not_as_signed();
  if (!verify_consistency(older->tree, newer->tree, *path)) {
    return refused("the ledger's " + std::to_string(older->tree.size) +
                   " first entries are others: history was rewritten since");
  }
  return LedgerConsistency{.older = kept,
                           .newer = head->note,
                           .older_entries = older->tree.size,
                           .newer_entries = head->entries,
                           .path = base64_of(*path)};
}

}  // namespace

Result<std::unique_ptr<Ledger>> Ledger::open(const std::string& archive) {
  LedgerPaths paths = ledger_of(archive);
  Result<OpenFile> entries = OpenFile::for_reading(paths.entries());
  if (!entries && entries.error().kind == ErrorKind::kNotFound) {
    return failure("the archive " + archive +
                       " has no ledger: it begins with the next recorder or replay that writes to "
                       "it",
                   ErrorKind::kNotFound);
  }
  if (!entries) return tl::make_unexpected(std::move(entries).error());
  Result<OpenFile> leaves = OpenFile::for_reading(paths.leaves());
  if (!leaves) {
    if (leaves.error().kind == ErrorKind::kNotFound) leaves.error().kind = ErrorKind::kVerification;
    return tl::make_unexpected(std::move(leaves).error());
  }
  const Result<std::uint64_t> size = leaves->size();
  if (!size) return tl::make_unexpected(size.error());
  return std::unique_ptr<Ledger>(std::make_unique<FolderLedger>(
      std::move(paths), std::move(*entries), std::move(*leaves), *size / kLeafBytes));
}

Result<LedgerProof> Ledger::prove(const std::string& call) const {
  const Result<std::vector<LedgerLine>> entries = archived({call});
  if (!entries) return tl::make_unexpected(entries.error());
  return prove(*entries).map([](std::vector<LedgerProof> proofs) { return std::move(proofs[0]); });
}

std::string tlog_proof(const LedgerProof& proof) {
  std::string text = "c2sp.org/tlog-proof@v1\nextra " + capture::to_base64(proof.line) +
                     "\nindex " + std::to_string(proof.index) + "\n";
  for (const std::string& hash : proof.path) text += hash + "\n";
  return text + "\n" + proof.head;
}

std::string consistency_text(const LedgerConsistency& consistency) {
  std::string text =
      "koegura consistency 1\nold " + std::to_string(consistency.older_entries) + "\n";
  for (const std::string& hash : consistency.path) text += hash + "\n";
  return text + "\n" + consistency.older + "\n" + consistency.newer;
}

std::string to_json(const LedgerEntry& entry) {
  std::string line = entry_line(entry).value_or("\n");
  line.pop_back();
  return line;
}

}  // namespace koegura::store
