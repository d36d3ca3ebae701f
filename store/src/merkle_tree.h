// Merkle tree (RFC 6962 §2.1, RFC 9162 §2.1): one hash for a list that only grows, proofs that an
// entry is in it (inclusion) and that a longer list begins with a shorter one (consistency).
//
// A leaf is SHA-256(0x00 || entry), a node SHA-256(0x01 || left || right); of n leaves the left
// subtree has the largest power of two below n. The tree of none has the hash of nothing.
//
// Pure functions; no I/O but through LeafSource and SubtreeSource.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "capture/error.h"
#include "sha256.h"

namespace koegura::store {

[[nodiscard]] Sha256 leaf_hash(std::string_view entry);
[[nodiscard]] Sha256 node_hash(const Sha256& left, const Sha256& right);

// The tree of all leaves so far, in as many hashes as its size has bits set.
class CompactTree {
 public:
  void append(const Sha256& leaf);
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] Sha256 root() const;

 private:
  std::uint64_t size_ = 0;
  std::vector<Sha256> subtrees_;  // perfect ones, the largest first
};

// Of the leaves begin <= i < end.
struct LeafRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  [[nodiscard]] std::uint64_t size() const { return end - begin; }
};
// Where the left subtree of so many leaves ends. REQUIRES: count > 1.
[[nodiscard]] std::uint64_t split_of(std::uint64_t count);

// The hash of the leaf of this index. Proofs ask for each leaf once, in runs of growing indices.
using LeafSource = std::function<Result<Sha256>(std::uint64_t index)>;
// The root of a subtree: a range that halving by split_of comes to.
using SubtreeSource = std::function<Result<Sha256>(LeafRange range)>;
[[nodiscard]] SubtreeSource subtrees_of(LeafSource leaves);

// From the leaf upwards. REQUIRES: index < size.
[[nodiscard]] Result<std::vector<Sha256>> inclusion_proof(std::uint64_t index, std::uint64_t size,
                                                          const SubtreeSource& subtrees);
// Nothing if the sizes are the same, or the old tree is empty. REQUIRES: old_size <= size.
[[nodiscard]] Result<std::vector<Sha256>> consistency_proof(std::uint64_t old_size,
                                                            std::uint64_t size,
                                                            const SubtreeSource& subtrees);

// A tree by its size and its hash.
struct TreeHead {
  std::uint64_t size = 0;
  Sha256 root{};
  bool operator==(const TreeHead&) const = default;
};

// RFC 9162 §2.1.3.2.
[[nodiscard]] bool verify_inclusion(const Sha256& leaf, std::uint64_t index, const TreeHead& head,
                                    const std::vector<Sha256>& proof);
// RFC 9162 §2.1.4.2; and any tree begins with the empty one.
[[nodiscard]] bool verify_consistency(const TreeHead& old_head, const TreeHead& head,
                                      const std::vector<Sha256>& proof);

}  // namespace koegura::store
