#include "g726_codec.h"

// spandsp's headers need these before them.
#include <cstdint>
#include <ctime>

#include <spandsp.h>

// It makes macros of functions of <cmath>.
#undef lrint
#undef lrintf

#include <cassert>
#include <memory>

namespace koegura::traffic {
namespace {

constexpr std::size_t kOctetBits = 8;

struct FreeState {
  void operator()(g726_state_t* state) const { g726_free(state); }
};
using StatePtr = std::unique_ptr<g726_state_t, FreeState>;

StatePtr open_state(const Codec& codec) {
  assert(codec.encoding == Encoding::kG726);
  return StatePtr(g726_init(nullptr, static_cast<int>(codec.bit_rate), G726_ENCODING_LINEAR,
                            codec.from_high_bit ? G726_PACKING_LEFT : G726_PACKING_RIGHT));
}

std::size_t codeword_bits(const Codec& codec) {
  return codec.bit_rate / codec.sample_rate;
}

}  // namespace

std::vector<std::byte> encode_g726(const Codec& codec, std::span<const std::int16_t> samples) {
  std::vector<std::byte> bytes(samples.size() * codeword_bits(codec) / kOctetBits + 1);
  const StatePtr state = open_state(codec);
  const int encoded = g726_encode(state.get(), reinterpret_cast<std::uint8_t*>(bytes.data()),
                                  samples.data(), static_cast<int>(samples.size()));
  bytes.resize(static_cast<std::size_t>(encoded));
  return bytes;
}

std::vector<std::int16_t> decode_g726(const Codec& codec, std::span<const std::byte> encoded) {
  std::vector<std::int16_t> samples(encoded.size() * kOctetBits / codeword_bits(codec) + 1);
  const StatePtr state = open_state(codec);
  const int decoded = g726_decode(state.get(), samples.data(),
                                  reinterpret_cast<const std::uint8_t*>(encoded.data()),
                                  static_cast<int>(encoded.size()));
  samples.resize(static_cast<std::size_t>(decoded));
  return samples;
}

}  // namespace koegura::traffic
