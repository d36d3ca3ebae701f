// MuteWatch: where one channel's packets said nothing but digital silence, each sample the same: a
// muted microphone, or a telephone that says nothing in pauses.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "piece_queue.h"

namespace koegura::decode {

class MuteWatch {
 public:
  // Shorter silence is what speech consists of.
  static constexpr std::uint32_t kLeastSeconds = 2;
  struct Stretch {
    Position from = 0;
    Position to = 0;
  };

  explicit MuteWatch(std::uint32_t rate) : rate_(rate) {}

  // The channel's audio, in order; what is left out is no audio. Edges of silence are found to 20
  // ms.
  void add(Position from, std::span<const Sample> samples);
  // Those that are over since the last time. at_end: nothing more comes.
  [[nodiscard]] std::vector<Stretch> take(bool at_end);

 private:
  void add_block(Position from, std::span<const Sample> block);
  void close();

  std::uint32_t rate_;
  std::optional<Stretch> silence_;
  Sample value_ = 0;  // of all its samples
  std::vector<Stretch> over_;
};

}  // namespace koegura::decode
