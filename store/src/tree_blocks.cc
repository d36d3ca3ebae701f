#include "tree_blocks.h"

#include <utility>

namespace koegura::store {

Result<TreeBlocks> TreeBlocks::read(LeafSource leaves, std::uint64_t size) {
  TreeBlocks blocks(std::move(leaves), size);
  for (std::uint64_t begin = 0; begin + kBlock <= size; begin += kBlock) {
    const Result<Sha256> root = blocks.leaf_subtrees_({.begin = begin, .end = begin + kBlock});
    if (!root) return tl::make_unexpected(root.error());
    blocks.roots_.push_back(*root);
  }
  return blocks;
}

SubtreeSource TreeBlocks::subtrees() const {
  return [this](LeafRange range) { return root_of(range); };
}

// A subtree of more leaves than a block has begins where a block does, and so do its halves.
Result<Sha256> TreeBlocks::root_of(LeafRange range) const {
  if (range.size() == kBlock && range.end / kBlock <= roots_.size()) {
    return roots_[range.begin / kBlock];
  }
  if (range.size() <= kBlock) return leaf_subtrees_(range);
  const std::uint64_t split = range.begin + split_of(range.size());
  const Result<Sha256> left = root_of({.begin = range.begin, .end = split});
  if (!left) return left;
  return root_of({.begin = split, .end = range.end}).map([&](const Sha256& right) {
    return node_hash(*left, right);
  });
}

}  // namespace koegura::store
