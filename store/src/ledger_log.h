// LedgerLog: the ledger as its one writer has it: appended to, and its head signed.
//
//   open (append | sign_head)*
//
// An entry is acknowledged when append has returned: its line is on disk, then its leaf is written.
// So a line without a leaf was never acknowledged, and what is no whole line behind the last leaf
// is what a crash left of one: it is cut off. All else that does not fit is refused, and left as
// it is for `koegura verify`.
//
// Threads: one at a time.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "capture/error.h"
#include "ledger_format.h"
#include "ledger_leaves.h"
#include "merkle_tree.h"
#include "open_file.h"
#include "signing_key.h"

namespace koegura::store {

class LedgerLog {
 public:
  // Makes the ledger, with a key of its own and a signed head of nothing, if there is none.
  // Refused: a head that is not signed with the key, fewer entries than it says, or others; a key
  // that is gone. With `sync` each append is on disk when it returns; a head and all before it
  // always are.
  [[nodiscard]] static Result<LedgerLog> open(const LedgerPaths& paths, bool sync);

  [[nodiscard]] std::uint64_t size() const { return tree_.size(); }
  [[nodiscard]] const std::string& origin() const { return origin_; }

  // All of them, in this order, or on failure none. Gives each its sequence.
  [[nodiscard]] Result<void> append(std::span<LedgerEntry> entries);
  // Nothing if the last head is of as many entries.
  [[nodiscard]] Result<void> sign_head();
  // Of a bundle's manifest (bag_manifest.h), and of nothing else: whatever is asked for, no
  // signature comes out that a head, or what else is signed some day, could be forged with.
  [[nodiscard]] Result<Signature> sign_manifest(std::string_view manifest) const;

 private:
  struct Files {
    OpenFile entries;
    OpenFile leaves;
  };
  LedgerLog(LedgerPaths paths, bool sync, SigningKey key, std::string origin, Files files)
      : paths_(std::move(paths)),
        sync_(sync),
        key_(std::move(key)),
        origin_(std::move(origin)),
        entries_(std::move(files.entries)),
        leaves_(std::move(files.leaves)) {}

  [[nodiscard]] Result<void> recover(const TreeHead& head);
  [[nodiscard]] Result<bool> take_signed(const TreeHead& head);
  [[nodiscard]] Result<bool> take_last_signed(LedgerLeaves& leaves, std::uint64_t count);
  [[nodiscard]] Result<void> make_leaves(const TreeHead& head);
  [[nodiscard]] Result<void> take_unsigned();
  [[nodiscard]] Result<std::optional<Leaf>> acknowledged(LedgerLeaves& leaves) const;
  [[nodiscard]] Result<void> write(std::string_view lines, std::string_view leaves);
  void take_back();

  LedgerPaths paths_;
  bool sync_;
  SigningKey key_;
  std::string origin_;
  OpenFile entries_;
  OpenFile leaves_;
  CompactTree tree_;
  std::uint64_t end_ = 0;  // of the last whole line
  std::uint64_t signed_ = 0;
  bool leaves_refused_ = false;  // the disk may have leaves that were taken back
};

}  // namespace koegura::store
