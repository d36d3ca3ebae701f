#include "ledger_leaves.h"

#include <cassert>

namespace koegura::store {

namespace {

constexpr std::size_t kLeavesABlock = 1024;

}  // namespace

Result<LedgerLeaves> LedgerLeaves::read(const OpenFile& file) {
  return file.size().map([&](std::uint64_t size) { return LedgerLeaves(file, size / kLeafBytes); });
}

Result<Leaf> LedgerLeaves::at(std::uint64_t index) {
  assert(index < count_);
  const std::uint64_t block = index - index % kLeavesABlock;
  if (block_.empty() || first_ != block || (index - block + 1) * kLeafBytes > block_.size()) {
    first_ = block;
    block_.resize(kLeavesABlock * kLeafBytes);
    const Result<std::size_t> got = file_->read_at(block * kLeafBytes, block_);
    block_.resize(got.value_or(0));
    if (!got) return tl::make_unexpected(got.error());
  }
  const std::size_t at = (index - block) * kLeafBytes;
  if (at + kLeafBytes > block_.size()) return failure(file_->path() + " became shorter");
  return decode_leaf(std::string_view(block_).substr(at, kLeafBytes));
}

Result<std::uint64_t> LedgerLeaves::begin_of(std::uint64_t index) {
  if (index == 0) return 0;
  return at(index - 1).map([](const Leaf& leaf) { return leaf.end; });
}

LeafSource LedgerLeaves::source() {
  return [this](std::uint64_t index) -> Result<Sha256> {
    return at(index).map([](const Leaf& leaf) { return leaf.hash; });
  };
}

}  // namespace koegura::store
