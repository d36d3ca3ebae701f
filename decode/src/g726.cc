// G.726 by spandsp: libavcodec's decoder adapts its predictor at 40 kbit/s as it does at the lower
// rates, where ITU-T G.726 has a leak of its own; and it is not to the bit at the others.

// spandsp's headers need these before them.
#include <cstdint>
#include <ctime>

#include <spandsp.h>

// It makes macros of functions of <cmath>.
#undef lrint
#undef lrintf

#include <memory>

#include "payload_formats.h"

namespace koegura::decode {
namespace {

constexpr int kG726Rate = 8000;
constexpr unsigned kOctetBits = 8;

struct FreeG726 {
  void operator()(g726_state_t* state) const { g726_free(state); }
};

class G726Decoder final : public Decoder {
 public:
  explicit G726Decoder(const Codec& codec)
      : bits_(codec.bits_per_sample),
        state_(g726_init(nullptr, codec.bits_per_sample * kG726Rate, G726_ENCODING_LINEAR,
                         codec.from_high_bit ? G726_PACKING_LEFT : G726_PACKING_RIGHT)) {}

  [[nodiscard]] bool is_open() const { return state_ != nullptr; }

  bool decode(Bytes frame, SampleBuffer& out) override {
    if (frame.empty()) return false;
    // Bits that make no whole codeword stay in the decoder for the next packet.
    const std::size_t room = frame.size() * kOctetBits / bits_ + 1;
    const int decoded = g726_decode(state_.get(), out.grow(room).data(),
                                    reinterpret_cast<const std::uint8_t*>(frame.data()),
                                    static_cast<int>(frame.size()));
    out.drop_back(room - static_cast<std::size_t>(decoded));
    return decoded > 0;
  }

 private:
  unsigned bits_;
  std::unique_ptr<g726_state_t, FreeG726> state_;
};

}  // namespace

std::unique_ptr<Decoder> open_g726(const Codec& codec, const MediaFormat& /*format*/) {
  auto decoder = std::make_unique<G726Decoder>(codec);
  if (!decoder->is_open()) return nullptr;
  return decoder;
}

}  // namespace koegura::decode
