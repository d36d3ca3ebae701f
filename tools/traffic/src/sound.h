// Sound: what a stream's segments play: samples, and the payloads that carry them.
#pragma once

#include <cstdint>
#include <span>

#include "payload_table.h"

namespace koegura::traffic {

inline constexpr std::uint32_t kSourceRate = 8000;  // samples a second
inline constexpr std::uint32_t kSamplesPerMs = kSourceRate / 1000;

// Views: whoever holds the tables outlives it. Both go round.
struct Sound {
  std::span<const std::int16_t> samples;   // as the codec carries them; whole packets
  const PayloadTable* payloads = nullptr;  // null where only the samples are asked for
  std::uint64_t offset_ms = 0;             // where the call begins in it; whole frames
};

}  // namespace koegura::traffic
