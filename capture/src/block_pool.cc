#include "block_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace koegura::capture {
namespace {

constexpr std::size_t kHugePage = 2U << 20U;
constexpr std::size_t kSlabBytes = 2 * kHugePage;

}  // namespace

void HugeDelete::operator()(std::byte* memory) const {
  ::operator delete(memory, std::align_val_t(kHugePage));
}

HugeMemory huge_memory(std::size_t bytes) {
  HugeMemory memory(static_cast<std::byte*>(::operator new(bytes, std::align_val_t(kHugePage))));
  ::madvise(memory.get(), bytes, MADV_HUGEPAGE);  // a wish
  return memory;
}

std::byte* BlockPool::take() {
  if (free_.empty()) add_slab();
  std::byte* block = free_.back();
  free_.pop_back();
  return block;
}

void BlockPool::add_slab() {
  const std::size_t bytes = std::max<std::size_t>(kSlabBytes, block_bytes_);
  slabs_.push_back(huge_memory(bytes));
  for (std::size_t at = 0; at + block_bytes_ <= bytes; at += block_bytes_) {
    free_.push_back(slabs_.back().get() + at);
  }
}

}  // namespace koegura::capture
