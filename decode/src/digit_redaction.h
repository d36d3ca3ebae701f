// DigitRedaction: where digits sound in a call, with a margin, and the silence that takes their
// place. A block is held back until the next one has been listened to, so that the beginning of a
// tone is gone, too, before anything is made of the samples.
//
//   (add* exchange)* add* release        then touches and stretches, for what else carried them
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "decode/rendered_call.h"
#include "piece_queue.h"

namespace koegura::decode {

class DigitRedaction {
 public:
  struct Stretch {
    Position from = 0;
    Position to = 0;
  };
  // Of both channels, equally long; samples of the call from `from` on.
  struct Block {
    Position from = 0;
    std::array<std::vector<Sample>, 2> channels;
    [[nodiscard]] std::array<std::span<const Sample>, 2> planes() const {
      return {channels[0], channels[1]};
    }
  };
  // Beyond it, neighbours become one stretch, with what is between them.
  static constexpr std::size_t kMaxStretches = 10'000;

  explicit DigitRedaction(std::uint32_t call_rate) : call_rate_(call_rate) {}

  // A digit sounds here, and is silenced with the margin. May touch what is known already.
  void add(Side side, Position from, Position to);
  // Holds the next block, and gives what was held before it, silenced; nothing the first time, nor
  // for one of less than 250 ms, which may only be the last. REQUIRES: it begins where that ends.
  [[nodiscard]] std::optional<Block> exchange(Position from,
                                              const std::array<std::span<const Sample>, 2>& next);
  // The last block, if there was any.
  [[nodiscard]] std::optional<Block> release();

  [[nodiscard]] bool touches(Side side, Position from, Position to) const;
  // In order, not touching each other; the margin is in them.
  [[nodiscard]] const std::vector<Stretch>& stretches(Side side) const {
    return stretches_[static_cast<std::size_t>(side)];
  }

 private:
  // The first that ends behind here.
  [[nodiscard]] static std::vector<Stretch>::const_iterator first_after(
      const std::vector<Stretch>& stretches, Position position);
  void silence(Block& block) const;

  std::uint32_t call_rate_;
  std::array<std::vector<Stretch>, 2> stretches_;
  std::optional<Block> held_;
};

}  // namespace koegura::decode
