// ITU-T G.726, by spandsp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec.h"

namespace koegura::traffic {

// REQUIRES: codec.encoding is kG726, and the samples are whole milliseconds.
[[nodiscard]] std::vector<std::byte> encode_g726(const Codec& codec,
                                                 std::span<const std::int16_t> samples);
// What the receiver hears.
[[nodiscard]] std::vector<std::int16_t> decode_g726(const Codec& codec,
                                                    std::span<const std::byte> encoded);

}  // namespace koegura::traffic
