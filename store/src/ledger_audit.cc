#include "store/ledger_audit.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "archived_calls.h"
#include "archived_line.h"
#include "audit_history.h"
#include "checkpoint.h"
#include "durable_file.h"
#include "ledger_format.h"
#include "ledger_leaves.h"
#include "ledger_lines.h"
#include "merkle_tree.h"
#include "mutex.h"
#include "note_audit.h"
#include "open_file.h"
#include "sha256.h"
#include "store/ledger.h"

namespace koegura::store {

namespace {

constexpr auto kPatience = std::chrono::seconds(2);  // with an entry that is being written
constexpr auto kLookAgain = std::chrono::milliseconds(50);

// A head to compare with, and what it came to.
struct ExpectedHead {
  std::optional<TreeHead> tree;
  bool is_met = false;
};

class FolderAudit : public LedgerAudit {
 public:
  FolderAudit(std::string archive, OnFault fault)
      : archive_(std::move(archive)), paths_(ledger_of(archive_)), on_fault_(std::move(fault)) {}

  [[nodiscard]] Result<void> read_all(const std::string& kept);

  [[nodiscard]] std::uint64_t entries() const override { return tree_.size(); }
  [[nodiscard]] std::uint64_t signed_entries() const override {
    return head_.tree ? head_.tree->size : 0;
  }
  [[nodiscard]] std::uint64_t kept_entries() const override {
    return kept_.tree ? kept_.tree->size : 0;
  }
  [[nodiscard]] std::uint64_t faults() const override { return faults_; }
  [[nodiscard]] std::uint64_t erased() const override { return history_.erased_calls(); }
  [[nodiscard]] Result<bool> check(const CallRecord& record, const std::string& file) override;
  [[nodiscard]] Result<void> finish() override;

 private:
  void fault(std::string where, std::string what) {
    ++faults_;
    on_fault_({.where = std::move(where), .what = std::move(what)});
  }
  void read_keys_and_heads(const std::string& kept);
  void compare_keys(const std::string& shown);
  [[nodiscard]] std::optional<TreeHead> read_head(const char* where,
                                                  const Result<std::string>& note,
                                                  const VerifyingKey& key);
  [[nodiscard]] Result<void> read_lines();
  void take_line(std::string_view line, const std::optional<Leaf>& leaf, std::uint64_t end);
  void compare_heads();
  void judge_leaves(std::uint64_t leaves);
  void judge_heads();
  [[nodiscard]] Result<void> read_on() KOEGURA_REQUIRES(mutex_);
  [[nodiscard]] std::vector<LedgerFault> passing_faults() KOEGURA_REQUIRES(mutex_);
  [[nodiscard]] std::vector<LedgerFault> missing_calls();

  const std::string archive_;
  const LedgerPaths paths_;
  const OnFault on_fault_;
  std::uint64_t faults_ = 0;
  std::optional<OpenFile> entries_;
  std::optional<OpenFile> leaves_;
  CompactTree tree_;  // of the lines
  ExpectedHead head_;
  ExpectedHead kept_;
  std::vector<std::uint64_t> differing_;  // lines whose leaf is another's
  ArchivedCalls calls_;
  AuditHistory history_;
  std::uint64_t known_ = 0;  // entries of which history_ knows
  Mutex mutex_;              // of what check finds
  NoteAudit notes_ KOEGURA_GUARDED_BY(mutex_);
  std::vector<Ulid> unknown_ KOEGURA_GUARDED_BY(mutex_);  // checked, and in no entry
};

// ---- the ledger itself ----------------------------------------------------------------------

std::optional<TreeHead> FolderAudit::read_head(const char* where, const Result<std::string>& note,
                                               const VerifyingKey& key) {
  if (!note) {
    fault(where, note.error().message);
    return std::nullopt;
  }
  const Result<Checkpoint> checkpoint = verify_checkpoint(*note, key);
  if (!checkpoint) {
    fault(where, checkpoint.error().message);
    return std::nullopt;
  }
  return checkpoint->tree;
}

void FolderAudit::read_keys_and_heads(const std::string& kept) {
  const Result<std::string> pem = read_file(paths_.public_key(), kMostHeadBytes);
  if (!pem) return fault("key.pub", pem.error().message);
  const Result<VerifyingKey> key = VerifyingKey::from_pem(*pem);
  if (!key) return fault("key.pub", key.error().message);
  head_.tree = read_head("checkpoint", read_file(paths_.checkpoint(), kMostHeadBytes), *key);
  if (!kept.empty()) kept_.tree = read_head("the head kept", kept, *key);
  compare_keys(*pem);
}

// Which of the two was changed, the head tells.
void FolderAudit::compare_keys(const std::string& shown) {
  const Result<std::string> secret = read_file(paths_.key(), kMostHeadBytes);
  if (!secret) {
    // To most who verify it is closed.
    if (secret.error().kind != ErrorKind::kNotPermitted) fault("key", secret.error().message);
    return;
  }
  const Result<SigningKey> key = SigningKey::from_pem(*secret);
  if (!key) return fault("key", key.error().message);
  const Result<VerifyingKey> own = key->public_half();
  if (own && own->pem() == shown) return;
  if (head_.tree) return fault("key", "it is not the one that key.pub is the public half of");
  fault("key.pub", "it is not the public half of the key");
}

void FolderAudit::compare_heads() {
  for (ExpectedHead* head : {&head_, &kept_}) {
    if (head->tree && head->tree->size == tree_.size())
      head->is_met = head->tree->root == tree_.root();
  }
}

void FolderAudit::take_line(std::string_view line, const std::optional<Leaf>& leaf,
                            std::uint64_t end) {
  const std::uint64_t sequence = tree_.size();
  const Sha256 hash = leaf_hash(line);
  if (leaf && *leaf != Leaf{.hash = hash, .end = end}) differing_.push_back(sequence);
  const std::uint64_t begin = end - line.size() - 1;
  const auto archived = read_archived_line(line);
  if (archived && archived->sequence == sequence) {
    calls_.add(archived->call, sequence, begin);
  } else if (const Result<LedgerEntry> entry = parse_entry(line, sequence); !entry) {
    fault("entry " + std::to_string(sequence), entry.error().message);
  } else if (entry->kind() == kArchivedEntry) {
    calls_.add(entry->call(), sequence, begin);
  } else {
    history_.add(*entry, sequence);
    const MutexLock lock(mutex_);
    notes_.add(*entry);
  }
  tree_.append(hash);
  compare_heads();
}

Result<void> FolderAudit::read_lines() {
  Result<LedgerLeaves> leaves = LedgerLeaves::read(*leaves_);
  if (!leaves) return tl::make_unexpected(std::move(leaves).error());
  const std::uint64_t expected = std::max(leaves->count(), signed_entries());
  LedgerLines lines(*entries_, 0, UINT64_MAX);
  compare_heads();
  while (tree_.size() < expected) {
    const auto line = lines.next();
    if (!line) return tl::make_unexpected(line.error());
    if (!*line) break;
    std::optional<Leaf> leaf;
    if (tree_.size() < leaves->count()) {
      const Result<Leaf> read = leaves->at(tree_.size());
      if (!read) return tl::make_unexpected(read.error());
      leaf = *read;
    }
    take_line(**line, leaf, lines.offset());
  }
  if (tree_.size() < expected) {
    fault("entry " + std::to_string(tree_.size()),
          "it is missing, as all behind it: there were " + std::to_string(expected));
  }
  judge_leaves(leaves->count());
  return {};
}

// A leaf can be made anew from its line, so it is the head that says which of the two is wrong.
void FolderAudit::judge_leaves(std::uint64_t leaves) {
  const std::uint64_t known = signed_entries();
  if (leaves < known && tree_.size() >= known) {
    fault("leaves", "it ends before entry " + std::to_string(leaves) + ", which is signed");
  }
  if (differing_.empty()) return;
  const std::uint64_t first = differing_.front();
  const std::string more = differing_.size() == 1
                               ? ""
                               : "; and so of " + std::to_string(differing_.size() - 1) + " more";
  if (first < known && head_.is_met) {
    fault("leaves", "the leaf of entry " + std::to_string(first) +
                        " is not its line's, which is what was signed" + more);
  } else {
    fault("entry " + std::to_string(first),
          std::string("it was changed: its line has another hash than ") +
              (first < known ? "was signed" : "its leaf") + more);
  }
}

void FolderAudit::judge_heads() {
  if (head_.tree && !head_.is_met) {
    const std::uint64_t size = head_.tree->size;
    const std::string said = "it was signed of " + std::to_string(size) + " entries";
    fault("checkpoint", tree_.size() < size
                            ? said + ", and there are " + std::to_string(tree_.size())
                            : said + " that are not these");
  }
  if (!kept_.tree || kept_.is_met) return;
  const std::uint64_t size = kept_.tree->size;
  const std::string said = "it was signed of " + std::to_string(size) + " entries";
  fault("the head kept", tree_.size() < size
                             ? said + ", and there are " + std::to_string(tree_.size()) +
                                   ": entries were removed since"
                             : said + ", and these are others: history was rewritten since");
}

Result<void> FolderAudit::read_all(const std::string& kept) {
  Result<OpenFile> entries = OpenFile::for_reading(paths_.entries());
  Result<OpenFile> leaves = OpenFile::for_reading(paths_.leaves());
  if (!entries || !leaves) {
    const bool is_new =
        !entries && entries.error().kind == ErrorKind::kNotFound && !file_size(paths_.checkpoint());
    const Error& error = entries ? leaves.error() : entries.error();
    if (is_new) return Ledger::open(archive_).map([](const auto&) {});
    return failure(error.message,
                   error.kind == ErrorKind::kNotFound ? ErrorKind::kVerification : error.kind);
  }
  entries_ = std::move(*entries);
  leaves_ = std::move(*leaves);
  read_keys_and_heads(kept);
  Result<void> read = read_lines();
  if (read) judge_heads();
  calls_.sort();
  known_ = tree_.size();
  return read;
}

// ---- the calls ------------------------------------------------------------------------------

struct ExpectedFile {
  std::string sha256;
  bool adopted = false;
};

Result<ExpectedFile> expected_file(std::string_view line, std::uint64_t sequence) {
  if (const auto archived = read_archived_line(line); archived && archived->sequence == sequence) {
    return ExpectedFile{.sha256 = std::string(archived->file_sha256), .adopted = archived->adopted};
  }
  return parse_entry(line, sequence).map([](const LedgerEntry& entry) {
    return ExpectedFile{.sha256 = entry.file_sha256(), .adopted = entry.adopted()};
  });
}

Result<bool> FolderAudit::check(const CallRecord& record, const std::string& file) {
  const std::optional<Ulid> id = Ulid::parse(record.id());
  ArchivedCall* const call = id ? calls_.find(*id) : nullptr;
  {
    const MutexLock lock(mutex_);
    if (id && call == nullptr) unknown_.push_back(*id);
    Result<void> noted = id ? notes_.check(*id, file, record) : Result<void>();
    if (call != nullptr) call->is_checked = true;
    if (!noted) return tl::make_unexpected(std::move(noted).error());
  }
  if (call == nullptr) return false;
  LedgerLines lines(*entries_, call->offset, UINT64_MAX);
  const auto line = lines.next();
  if (!line) return tl::make_unexpected(line.error());
  const std::string where = "entry " + std::to_string(call->sequence) + " of the ledger";
  const Result<ExpectedFile> expected = expected_file(line->value_or(""), call->sequence);
  if (!expected) return failure(where + ": " + expected.error().message);
  const Result<Sha256> hash = sha256_of_file(file);
  if (!hash) return tl::make_unexpected(hash.error());
  if (hex(*hash) == expected->sha256) return !expected->adopted;
  return failure("its file is not what was archived: the SHA-256 differs from " + where);
}

// What was appended since.
Result<void> FolderAudit::read_on() {
  const Result<std::unique_ptr<Ledger>> ledger = Ledger::open(archive_);
  if (!ledger) return tl::make_unexpected(ledger.error());
  return (*ledger)->for_each(known_, [&](const LedgerEntry& entry, auto) KOEGURA_REQUIRES(mutex_) {
    const std::optional<Ulid> id = Ulid::parse(entry.call());
    if (entry.kind() == kArchivedEntry && id) std::erase(unknown_, *id);
    history_.add(entry, known_);
    notes_.add_later(entry);
    ++known_;
    return true;
  });
}

// What a recorder that goes on beside may be doing just now.
std::vector<LedgerFault> FolderAudit::passing_faults() {
  std::vector<LedgerFault> faults = history_.hold_faults(archive_);
  for (LedgerFault& fault : history_.file_faults(archive_)) faults.push_back(std::move(fault));
  for (const Ulid& id : unknown_) {
    faults.push_back(
        {.where = "call " + id.text(),
         .what = "it is in the archive, and not in the ledger: put there by nobody known, or by a "
                 "recorder that was killed, whose next start enters it"});
  }
  return faults;
}

std::vector<LedgerFault> FolderAudit::missing_calls() {
  std::vector<LedgerFault> faults;
  calls_.for_each_unchecked([&](const ArchivedCall& call) {
    const std::optional<std::uint64_t> erased = history_.erased(call.id);
    if (erased && *erased > call.sequence) return;
    faults.push_back({.where = "call " + call.id.text(),
                      .what = "it is missing: entry " + std::to_string(call.sequence) +
                              " of the ledger says that it was archived"});
  });
  return faults;
}

Result<void> FolderAudit::finish() {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  const MutexLock lock(mutex_);  // nobody checks any more
  std::vector<LedgerFault> faults = passing_faults();
  while (!faults.empty() || notes_.is_waiting()) {
    if (Result<void> read = read_on(); !read) {
      fault("entry " + std::to_string(known_), read.error().message);
      break;
    }
    faults = passing_faults();
    const bool is_settled = faults.empty() && !notes_.is_waiting();
    if (is_settled || std::chrono::steady_clock::now() > until) break;
    std::this_thread::sleep_for(kLookAgain);
  }
  notes_.finish([&](const Ulid& id) {
    faults.push_back(
        {.where = "call " + id.text(),
         .what = "it has notes that are not in the ledger: written by nobody known, or by a "
                 "recorder that was killed, whose next start takes them back"});
  });
  std::vector<LedgerFault> missing = missing_calls();
  // Its time may have been over since the ledger was read.
  if (!missing.empty() && read_on()) missing = missing_calls();
  faults.insert(faults.end(), missing.begin(), missing.end());
  for (LedgerFault& one : faults) fault(std::move(one.where), std::move(one.what));
  return {};
}

}  // namespace

Result<std::unique_ptr<LedgerAudit>> LedgerAudit::read(const std::string& archive,
                                                       const std::string& kept, OnFault fault) {
  auto audit = std::make_unique<FolderAudit>(archive, std::move(fault));
  if (Result<void> read = audit->read_all(kept); !read) {
    return tl::make_unexpected(std::move(read).error());
  }
  return audit;
}

}  // namespace koegura::store
