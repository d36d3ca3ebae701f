// Ledger: what happened to the archive, as a reader sees it: entries that are only ever appended,
// and a signed head over them (DIR/ledger). A Merkle tree as in RFC 6962 over the lines of
// entries.jsonl, its head a C2SP tlog-checkpoint signed with the archive's own Ed25519 key.
//
// Reading never waits for a writer, nor it for a reader: what is there when the ledger is opened is
// what it has.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "capture/error.h"
#include "ledger.pb.h"

namespace koegura::store {

// The last signed head.
struct LedgerHead {
  std::string note;  // the checkpoint as it stands in its file: what an auditor keeps
  std::string origin;
  std::uint64_t entries = 0;
  std::string root;  // base64
};

// That an entry is in the tree of a signed head (RFC 6962 §2.1.1).
struct LedgerProof {
  LedgerEntry entry;
  std::string line;  // the leaf's bytes
  std::uint64_t index = 0;
  std::vector<std::string> path;  // hashes in base64, from the leaf upwards
  std::string head;               // the checkpoint
};
// As C2SP tlog-proof has it, with the line as its extra data.
[[nodiscard]] std::string tlog_proof(const LedgerProof& proof);

// That the tree of a signed head begins with the tree of an older one (RFC 6962 §2.1.2).
struct LedgerConsistency {
  std::string older;  // the checkpoints
  std::string newer;
  std::uint64_t older_entries = 0;
  std::uint64_t newer_entries = 0;
  std::vector<std::string> path;  // hashes in base64
};
// One fact a line, as tlog_proof: "koegura consistency 1", "old N", the hashes; then both
// checkpoints, each behind an empty line.
[[nodiscard]] std::string consistency_text(const LedgerConsistency& consistency);

// An entry by its place.
struct LedgerLine {
  std::uint64_t index = 0;
  std::string line;
};

class Ledger {
 public:
  // kNotFound if the archive has none: nobody has written to it since ledgers are kept.
  [[nodiscard]] static Result<std::unique_ptr<Ledger>> open(const std::string& archive);
  virtual ~Ledger() = default;

  // Entries; those behind the head's are not signed yet.
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  // kVerification if the head is not signed with DIR/ledger/key.pub.
  [[nodiscard]] virtual Result<LedgerHead> head() const = 0;

  using Visit = std::function<bool(const LedgerEntry& entry, std::string_view line)>;
  // From this one on, in order, until visit returns false. kVerification, with its place, at one
  // that cannot be read.
  [[nodiscard]] virtual Result<void> for_each(std::uint64_t from, const Visit& visit) const = 0;

  // The entry of this place. kNotFound if there is none.
  [[nodiscard]] virtual Result<LedgerLine> at(std::uint64_t index) const = 0;
  // Of each of these calls (its whole id) its last "archived" entry, in their order; the lines are
  // read once for all. kNotFound, naming it, if one has none.
  [[nodiscard]] virtual Result<std::vector<LedgerLine>> archived(
      const std::vector<std::string>& calls) const = 0;
  // Of these entries, in their order, all to the same head; the leaves are read once for all.
  // kNotFound if one is not signed yet.
  [[nodiscard]] virtual Result<std::vector<LedgerProof>> prove(
      const std::vector<LedgerLine>& entries) const = 0;
  // Of the call's last "archived" entry.
  [[nodiscard]] Result<LedgerProof> prove(const std::string& call) const;
  // Since a head that was kept, its text. kVerification if it is no head of this ledger, or of a
  // history that is not this one's beginning.
  [[nodiscard]] virtual Result<LedgerConsistency> prove_since(const std::string& kept) const = 0;
};

// One line of JSON, with the names of ledger.proto.
[[nodiscard]] std::string to_json(const LedgerEntry& entry);

}  // namespace koegura::store
