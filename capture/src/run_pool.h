// RunPool: memory for runs, taken from the system in pieces large enough for huge pages and never
// given back: thousands of runs written in turn would otherwise miss the TLB at every packet, and
// fault in their pages again for every stream.
//
// Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace koegura::capture {

class RunPool {
 public:
  explicit RunPool(std::uint32_t block_bytes) : block_bytes_(block_bytes) {}
  RunPool(const RunPool&) = delete;
  RunPool& operator=(const RunPool&) = delete;
  ~RunPool();

  [[nodiscard]] std::byte* take();
  void give_back(std::byte* block) { free_.push_back(block); }

 private:
  void add_slab();

  const std::uint32_t block_bytes_;
  std::vector<std::byte*> slabs_;
  std::vector<std::byte*> free_;
};

}  // namespace koegura::capture
