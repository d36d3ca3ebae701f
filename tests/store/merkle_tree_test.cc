// The tree against the vectors of certificate-transparency's own tests, and its proofs against each
// other at every size.
#include "merkle_tree.h"

#include <doctest/doctest.h>

#include <string>

#include "tree_blocks.h"

namespace koegura::store {
namespace {

std::string unhex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

const std::vector<std::string>& eight_entries() {
  static const std::vector<std::string> entries = {
      "",
      unhex("00"),
      unhex("10"),
      unhex("2021"),
      unhex("3031"),
      unhex("40414243"),
      unhex("5051525354555657"),
      unhex("606162636465666768696a6b6c6d6e6f"),
  };
  return entries;
}

std::vector<Sha256> leaves_of(const std::vector<std::string>& entries) {
  std::vector<Sha256> leaves;
  for (const std::string& entry : entries) leaves.push_back(leaf_hash(entry));
  return leaves;
}

std::vector<Sha256> numbered_leaves(std::size_t count) {
  std::vector<Sha256> leaves;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back(leaf_hash(std::to_string(i)));
  return leaves;
}

LeafSource one_by_one(const std::vector<Sha256>& leaves) {
  return [&leaves](std::uint64_t index) -> Result<Sha256> { return leaves.at(index); };
}

SubtreeSource source(const std::vector<Sha256>& leaves) {
  return subtrees_of(one_by_one(leaves));
}

TreeHead head_of(const std::vector<Sha256>& leaves, std::size_t size) {
  CompactTree tree;
  for (std::size_t i = 0; i < size; ++i) tree.append(leaves[i]);
  return {.size = tree.size(), .root = tree.root()};
}

std::vector<std::string> texts(const Result<std::vector<Sha256>>& proof) {
  REQUIRE(proof);
  std::vector<std::string> hashes;
  for (const Sha256& hash : *proof) hashes.push_back(hex(hash));
  return hashes;
}

using Hashes = std::vector<std::string>;

TEST_CASE("the tree of nothing, and of one to eight leaves, has the known roots") {
  const std::vector<std::string> roots = {
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  };
  const std::vector<Sha256> leaves = leaves_of(eight_entries());
  for (std::size_t size = 0; size < roots.size(); ++size) {
    CHECK(hex(head_of(leaves, size).root) == roots[size]);
  }
}

TEST_CASE("known proofs of inclusion") {
  const std::vector<Sha256> leaves = leaves_of(eight_entries());
  CHECK(texts(inclusion_proof(0, 1, source(leaves))).empty());
  CHECK(texts(inclusion_proof(0, 8, source(leaves))) ==
        Hashes{"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
               "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
               "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"});
  CHECK(texts(inclusion_proof(5, 8, source(leaves))) ==
        Hashes{"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
               "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
               "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"});
  CHECK(texts(inclusion_proof(2, 3, source(leaves))) ==
        Hashes{"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"});
}

TEST_CASE("known proofs of consistency") {
  const std::vector<Sha256> leaves = leaves_of(eight_entries());
  CHECK(texts(consistency_proof(1, 1, source(leaves))).empty());
  CHECK(texts(consistency_proof(0, 5, source(leaves))).empty());
  CHECK(texts(consistency_proof(1, 8, source(leaves))) ==
        Hashes{"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
               "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
               "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"});
  CHECK(texts(consistency_proof(6, 8, source(leaves))) ==
        Hashes{"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
               "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
               "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"});
  CHECK(texts(consistency_proof(2, 5, source(leaves))) ==
        Hashes{"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
               "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"});
}

TEST_CASE("each leaf of each tree up to 70 is proved, and no other leaf, place or size by it") {
  constexpr std::size_t kMost = 70;
  const std::vector<Sha256> leaves = numbered_leaves(kMost);
  for (std::size_t size = 1; size <= kMost; ++size) {
    const TreeHead head = head_of(leaves, size);
    for (std::size_t index = 0; index < size; ++index) {
      const auto proof = inclusion_proof(index, size, source(leaves));
      REQUIRE(proof);
      REQUIRE(verify_inclusion(leaves[index], index, head, *proof));
      REQUIRE_FALSE(verify_inclusion(leaves[index], index + 1, head, *proof));
      REQUIRE_FALSE(verify_inclusion(leaf_hash("another"), index, head, *proof));
      std::vector<Sha256> longer = *proof;
      longer.push_back(leaves[0]);
      REQUIRE_FALSE(verify_inclusion(leaves[index], index, head, longer));
      if (proof->empty()) continue;
      longer = *proof;
      longer.front()[0] ^= 1U;
      REQUIRE_FALSE(verify_inclusion(leaves[index], index, head, longer));
      longer = {proof->begin() + 1, proof->end()};
      REQUIRE_FALSE(verify_inclusion(leaves[index], index, head, longer));
    }
  }
}

TEST_CASE("each tree up to 40 begins with each smaller one, and with no other of its size") {
  constexpr std::size_t kMost = 40;
  const std::vector<Sha256> leaves = numbered_leaves(kMost);
  for (std::size_t size = 0; size <= kMost; ++size) {
    const TreeHead head = head_of(leaves, size);
    for (std::size_t old_size = 0; old_size <= size; ++old_size) {
      const TreeHead old_head = head_of(leaves, old_size);
      const auto proof = consistency_proof(old_size, size, source(leaves));
      REQUIRE(proof);
      REQUIRE(verify_consistency(old_head, head, *proof));
      TreeHead other = old_head;
      other.root[7] ^= 1U;
      REQUIRE_FALSE(verify_consistency(other, head, *proof));
      other = head;
      other.root[7] ^= 1U;
      if (old_size > 0) REQUIRE_FALSE(verify_consistency(old_head, other, *proof));
      if (proof->empty()) continue;
      std::vector<Sha256> changed = *proof;
      changed.back()[0] ^= 1U;
      REQUIRE_FALSE(verify_consistency(old_head, head, changed));
      changed.pop_back();
      REQUIRE_FALSE(verify_consistency(old_head, head, changed));
    }
    if (size < kMost) CHECK_FALSE(verify_consistency(head_of(leaves, size + 1), head, {}));
  }
}

TEST_CASE("proofs made of blocks are those made of leaves, and each leaf is read once for them") {
  constexpr std::uint64_t kBlock = TreeBlocks::kBlock;
  const std::vector<Sha256> leaves = numbered_leaves(3 * kBlock + 17);
  for (const std::uint64_t size : {kBlock - 1, kBlock, kBlock + 1, 2 * kBlock, 3 * kBlock + 17}) {
    std::uint64_t reads = 0;
    const auto blocks = TreeBlocks::read(
        [&](std::uint64_t index) {
          ++reads;
          return one_by_one(leaves)(index);
        },
        size);
    REQUIRE(blocks);
    CHECK(reads <= size);
    for (const std::uint64_t index : {std::uint64_t{0}, size / 2, size - 2, size - 1}) {
      CAPTURE(index);
      reads = 0;
      CHECK(texts(inclusion_proof(index, size, blocks->subtrees())) ==
            texts(inclusion_proof(index, size, source(leaves))));
      CHECK(reads <= 2 * kBlock);
      CHECK(texts(consistency_proof(index + 1, size, blocks->subtrees())) ==
            texts(consistency_proof(index + 1, size, source(leaves))));
    }
  }
  CHECK_FALSE(TreeBlocks::read([](std::uint64_t) -> Result<Sha256> { return failure("the disk"); },
                               kBlock));
}

TEST_CASE("a leaf that cannot be read is no proof") {
  const SubtreeSource broken = [](LeafRange) -> Result<Sha256> { return failure("the disk"); };
  CHECK_FALSE(inclusion_proof(0, 2, broken));
  CHECK_FALSE(consistency_proof(3, 7, broken));
}

}  // namespace
}  // namespace koegura::store
