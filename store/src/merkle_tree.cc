#include "merkle_tree.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

namespace koegura::store {

namespace {

using namespace std::string_view_literals;

Result<Sha256> root_of(LeafRange range, const LeafSource& leaves) {
  CompactTree tree;
  for (std::uint64_t index = range.begin; index < range.end; ++index) {
    const Result<Sha256> leaf = leaves(index);
    if (!leaf) return leaf;
    tree.append(*leaf);
  }
  return tree.root();
}

bool is_odd(std::uint64_t number) {
  return (number & 1U) != 0;
}

// Up to the level at which the node of `index` is a right child, or the leftmost.
void climb_left_edge(std::uint64_t& index, std::uint64_t& last) {
  while (!is_odd(index) && index != 0) {
    index >>= 1U;
    last >>= 1U;
  }
}

}  // namespace

std::uint64_t split_of(std::uint64_t count) {
  assert(count > 1);
  return std::bit_floor(count - 1);
}

SubtreeSource subtrees_of(LeafSource leaves) {
  return [leaves = std::move(leaves)](LeafRange range) { return root_of(range, leaves); };
}

Sha256 leaf_hash(std::string_view entry) {
  return sha256({"\0"sv, entry});
}

Sha256 node_hash(const Sha256& left, const Sha256& right) {
  return sha256({"\1"sv, bytes_of(left), bytes_of(right)});
}

void CompactTree::append(const Sha256& leaf) {
  Sha256 hash = leaf;
  // Each one at the end of the size in binary is a subtree that the new one completes.
  for (std::uint64_t rest = size_; is_odd(rest); rest >>= 1U) {
    hash = node_hash(subtrees_.back(), hash);
    subtrees_.pop_back();
  }
  subtrees_.push_back(hash);
  ++size_;
}

Sha256 CompactTree::root() const {
  if (subtrees_.empty()) return sha256("");
  Sha256 root = subtrees_.back();
  for (std::size_t i = subtrees_.size() - 1; i > 0; --i) root = node_hash(subtrees_[i - 1], root);
  return root;
}

Result<std::vector<Sha256>> inclusion_proof(std::uint64_t index, std::uint64_t size,
                                            const SubtreeSource& subtrees) {
  assert(index < size);
  std::vector<Sha256> proof;
  LeafRange range{0, size};
  while (range.size() > 1) {
    const std::uint64_t split = range.begin + split_of(range.size());
    const bool is_left = index < split;
    const LeafRange other = is_left ? LeafRange{split, range.end} : LeafRange{range.begin, split};
    const Result<Sha256> root = subtrees(other);
    if (!root) return tl::make_unexpected(root.error());
    proof.push_back(*root);
    range = is_left ? LeafRange{range.begin, split} : LeafRange{split, range.end};
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

Result<std::vector<Sha256>> consistency_proof(std::uint64_t old_size, std::uint64_t size,
                                              const SubtreeSource& subtrees) {
  assert(old_size <= size);
  std::vector<Sha256> proof;
  if (old_size == 0 || old_size == size) return proof;
  LeafRange range{0, size};
  while (range.end != old_size) {
    const std::uint64_t split = range.begin + split_of(range.size());
    const bool is_left = old_size <= split;
    const LeafRange other = is_left ? LeafRange{split, range.end} : LeafRange{range.begin, split};
    const Result<Sha256> root = subtrees(other);
    if (!root) return tl::make_unexpected(root.error());
    proof.push_back(*root);
    range = is_left ? LeafRange{range.begin, split} : LeafRange{split, range.end};
  }
  // The old tree as a whole is known to who asks.
  if (range.begin > 0) {
    const Result<Sha256> root = subtrees(range);
    if (!root) return tl::make_unexpected(root.error());
    proof.push_back(*root);
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

bool verify_inclusion(const Sha256& leaf, std::uint64_t index, const TreeHead& head,
                      const std::vector<Sha256>& proof) {
  if (index >= head.size) return false;
  std::uint64_t last = head.size - 1;
  Sha256 root = leaf;
  for (const Sha256& other : proof) {
    if (last == 0) return false;
    if (is_odd(index) || index == last) {
      root = node_hash(other, root);
      climb_left_edge(index, last);
    } else {
      root = node_hash(root, other);
    }
    index >>= 1U;
    last >>= 1U;
  }
  return last == 0 && root == head.root;
}

bool verify_consistency(const TreeHead& old_head, const TreeHead& head,
                        const std::vector<Sha256>& proof) {
  if (old_head.size > head.size) return false;
  if (old_head.size == head.size) return proof.empty() && old_head.root == head.root;
  if (old_head.size == 0) return proof.empty() && old_head.root == sha256("");
  auto next = proof.begin();
  std::uint64_t index = old_head.size - 1;
  std::uint64_t last = head.size - 1;
  while (is_odd(index)) {
    index >>= 1U;
    last >>= 1U;
  }
  const bool is_perfect = std::has_single_bit(old_head.size);
  if (!is_perfect && next == proof.end()) return false;
  Sha256 old_root = is_perfect ? old_head.root : *next++;
  Sha256 root = old_root;
  for (; next != proof.end(); ++next) {
    if (last == 0) return false;
    if (is_odd(index) || index == last) {
      old_root = node_hash(*next, old_root);
      root = node_hash(*next, root);
      climb_left_edge(index, last);
    } else {
      root = node_hash(root, *next);
    }
    index >>= 1U;
    last >>= 1U;
  }
  return last == 0 && old_root == old_head.root && root == head.root;
}

}  // namespace koegura::store
