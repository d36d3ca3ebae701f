// Packets within a fuzz target's input, each behind its length: two octets, as payloads of L16 and
// Opus have more than 255. The length's highest bit is the target's to use.
#pragma once

#include <algorithm>

#include "capture/frame.h"

namespace koegura::fuzz {

struct InputPacket {
  capture::Bytes bytes;
  bool marked = false;
};

// Takes the next packet off the input; what is too short for a length is one without.
inline InputPacket take_packet(capture::Bytes& input) {
  constexpr std::size_t kLengthBytes = 2;
  constexpr unsigned kMark = 0x8000;
  if (input.size() < kLengthBytes) {
    input = {};
    return {};
  }
  const unsigned head =
      std::to_integer<unsigned>(input[0]) << 8U | std::to_integer<unsigned>(input[1]);
  input = input.subspan(kLengthBytes);
  const std::size_t length = std::min<std::size_t>(head & ~kMark, input.size());
  const InputPacket packet{.bytes = input.first(length), .marked = (head & kMark) != 0};
  input = input.subspan(length);
  return packet;
}

}  // namespace koegura::fuzz
