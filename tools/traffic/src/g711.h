// ITU-T G.711: companded 8-bit codes of 16-bit linear samples.
#pragma once

#include <cstdint>

namespace koegura::traffic {

[[nodiscard]] std::uint8_t mulaw_from_linear(std::int16_t sample);
[[nodiscard]] std::int16_t linear_from_mulaw(std::uint8_t code);
[[nodiscard]] std::uint8_t alaw_from_linear(std::int16_t sample);
[[nodiscard]] std::int16_t linear_from_alaw(std::uint8_t code);

}  // namespace koegura::traffic
