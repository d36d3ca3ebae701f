// PayloadTable: a SourceAudio table, encoded once: every packet's payload is a stretch of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "capture/error.h"
#include "codec.h"

namespace koegura::traffic {

class PayloadTable {
 public:
  [[nodiscard]] static Result<PayloadTable> create(const Codec& codec, std::uint32_t packet_time_ms,
                                                   std::span<const std::int16_t> samples);

  // The payload of the packet that begins at this time of the table, which goes round.
  // REQUIRES: ms is a multiple of the codec's frame.
  [[nodiscard]] std::span<const std::byte> payload(std::uint64_t ms) const {
    const std::uint64_t frame = ms / frame_ms_ % frames_;
    return std::span(bytes_).subspan(starts_[frame],
                                     starts_[frame + frames_per_packet_] - starts_[frame]);
  }
  // All of it, once.
  [[nodiscard]] std::span<const std::byte> encoded() const {
    return std::span(bytes_).first(starts_[frames_]);
  }

 private:
  std::uint32_t frame_ms_ = 1;
  std::uint32_t frames_per_packet_ = 1;
  std::uint64_t frames_ = 0;
  std::vector<std::byte> bytes_;       // the frames, and the first ones again behind the last
  std::vector<std::uint32_t> starts_;  // of each frame in bytes_, and the end
};

}  // namespace koegura::traffic
