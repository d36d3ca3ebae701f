// TreeBlocks: a tree of many leaves for many proofs: each leaf is read once, and of each block of
// them the root is kept. A proof then reads the leaves of one block, where without it would read
// all.
//
// Memory: 32 bytes a block of kBlock leaves: 84 kB for 2.7 million. Threads: one at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "merkle_tree.h"

namespace koegura::store {

class TreeBlocks {
 public:
  static constexpr std::uint64_t kBlock = 1024;  // a power of two: a block is a perfect subtree

  // Reads the leaves before `size`. The source outlives it.
  [[nodiscard]] static Result<TreeBlocks> read(LeafSource leaves, std::uint64_t size);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  // For the proofs of trees up to `size`; lives as long as this.
  [[nodiscard]] SubtreeSource subtrees() const;

 private:
  TreeBlocks(LeafSource leaves, std::uint64_t size)
      : leaf_subtrees_(subtrees_of(std::move(leaves))), size_(size) {}
  [[nodiscard]] Result<Sha256> root_of(LeafRange range) const;

  SubtreeSource leaf_subtrees_;
  std::uint64_t size_;
  std::vector<Sha256> roots_;  // of whole blocks
};

}  // namespace koegura::store
