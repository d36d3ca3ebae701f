// BlockPool: memory for blocks of one size, runs and streams, taken from the system in pieces large
// enough for huge pages and given back at the end: thousands of them used in turn would otherwise
// miss the TLB at every packet, and fault in their pages again for every stream.
//
// Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace koegura::capture {

// Memory on huge pages, if the system has them. Not initialised.
struct HugeDelete {
  void operator()(std::byte* memory) const;
};
using HugeMemory = std::unique_ptr<std::byte[], HugeDelete>;
[[nodiscard]] HugeMemory huge_memory(std::size_t bytes);

class BlockPool {
 public:
  explicit BlockPool(std::uint32_t block_bytes) : block_bytes_(block_bytes) {}
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  [[nodiscard]] std::byte* take();
  void give_back(std::byte* block) { free_.push_back(block); }

 private:
  void add_slab();

  const std::uint32_t block_bytes_;
  std::vector<HugeMemory> slabs_;
  std::vector<std::byte*> free_;
};

}  // namespace koegura::capture
