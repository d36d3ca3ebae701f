// RED: redundant audio data (RFC 2198): one RTP payload that also says again what earlier ones
// said.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "capture/frame.h"

namespace koegura::decode {

using capture::Bytes;

struct RedBlock {
  std::uint8_t payload_type = 0;
  std::uint32_t offset = 0;  // ticks before the packet's own timestamp; 0 for the primary
  Bytes payload;             // may be empty: nothing was said then
};

class RedPayload {
 public:
  // More than any sender repeats: an attack or a mistake.
  static constexpr std::size_t kMaxBlocks = 16;

  // Takes a payload apart; the blocks point into it. False, and no blocks: it is no RED payload:
  // its headers have no end, or the blocks are longer than it.
  [[nodiscard]] bool read(Bytes payload);
  // As sent: what is said again first, the oldest ahead. Empty before the first read.
  [[nodiscard]] std::span<const RedBlock> repeated() const {
    return {blocks_.data(), size_ == 0 ? 0 : size_ - 1};
  }
  // REQUIRES: read gave true.
  [[nodiscard]] const RedBlock& primary() const { return blocks_[size_ - 1]; }

 private:
  std::array<RedBlock, kMaxBlocks> blocks_;
  std::size_t size_ = 0;
};

}  // namespace koegura::decode
