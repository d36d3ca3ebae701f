// FrameList: the codec frames of one RTP payload, in order of time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "capture/frame.h"

namespace koegura::decode {

using capture::Bytes;

enum class FrameKind : std::uint8_t {
  kSpeech,
  kNoise,    // the sender says: nothing to hear, and the decoder makes noise of how it says that
  kSilence,  // the same, and the decoder does not know it (SID, NO_DATA)
  kLost,     // the sender says: this frame was lost or damaged before it reached me
};

struct CodecFrame {
  Bytes bytes;  // what the decoder takes; empty unless kSpeech or kNoise
  FrameKind kind = FrameKind::kSpeech;
  std::uint8_t noise =
      0;  // kSilence: how loud it is, as Piece::noise; 0: as before, if that was told
};

// Refills without allocating. The frames' bytes live until the next clear or, where they point
// into the payload, as long as that.
class FrameList {
 public:
  // More frames than any sender packs (a second of G.729) are an attack or a mistake.
  static constexpr std::size_t kMaxFrames = 100;
  static constexpr std::size_t kMaxRepackedFrame = 64;

  void clear() { size_ = 0; }
  // False: full.
  [[nodiscard]] bool add(Bytes bytes, FrameKind kind = FrameKind::kSpeech, std::uint8_t noise = 0) {
    if (size_ == kMaxFrames) return false;
    frames_[size_++] = {.bytes = bytes, .kind = kind, .noise = noise};
    return true;
  }
  // Room to repack the next frame into, zeroed. REQUIRES: not full.
  [[nodiscard]] std::span<std::byte> repack(std::size_t bytes) {
    const std::span<std::byte> room =
        std::span(repacked_).subspan(size_ * kMaxRepackedFrame, bytes);
    for (std::byte& b : room) b = std::byte{0};
    return room;
  }
  [[nodiscard]] bool full() const { return size_ == kMaxFrames; }
  [[nodiscard]] std::span<const CodecFrame> frames() const { return {frames_.data(), size_}; }

 private:
  std::array<CodecFrame, kMaxFrames> frames_;
  std::array<std::byte, kMaxFrames * kMaxRepackedFrame> repacked_;
  std::size_t size_ = 0;
};

}  // namespace koegura::decode
