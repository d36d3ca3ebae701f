// LedgerLeaves: the ledger's file of leaves, read in blocks.
#pragma once

#include <cstdint>
#include <string>

#include "capture/error.h"
#include "ledger_format.h"
#include "merkle_tree.h"
#include "open_file.h"

namespace koegura::store {

class LedgerLeaves {
 public:
  // Those that there are now. The file outlives it.
  [[nodiscard]] static Result<LedgerLeaves> read(const OpenFile& file);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  // REQUIRES: index < count.
  [[nodiscard]] Result<Leaf> at(std::uint64_t index);
  // Where the line of this index begins: behind the one before.
  [[nodiscard]] Result<std::uint64_t> begin_of(std::uint64_t index);
  // For proofs; lives as long as this.
  [[nodiscard]] LeafSource source();

 private:
  LedgerLeaves(const OpenFile& file, std::uint64_t count) : file_(&file), count_(count) {}

  const OpenFile* file_;
  std::uint64_t count_;
  std::uint64_t first_ = 0;  // in the block
  std::string block_;
};

}  // namespace koegura::store
