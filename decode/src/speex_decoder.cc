// Speex by libspeex itself: libavcodec's wrapper gives but one frame of a packet at a time, the
// others with the next packet, and has no asking for a guess where nothing came.
#include <speex/speex.h>

#include <algorithm>

#include "payload_formats.h"

namespace koegura::decode {
namespace {

constexpr std::size_t kMostSpeexFrames = 50;  // of a packet: a second
constexpr int kLeastBits = 5;  // of a frame; less is padding, or this (RFC 5574 §3.3):
constexpr unsigned kTerminator = 15;

struct SpeexDecoderFree {
  void operator()(void* state) const { speex_decoder_destroy(state); }
};

// Of the rates that RFC 5574 §4.1.1 has; others come out as ultra-wideband, which has them all.
int mode_of(std::uint32_t rate) {
  constexpr std::uint32_t kNarrow = 8000;
  constexpr std::uint32_t kWide = 16000;
  if (rate == kNarrow) return SPEEX_MODEID_NB;
  return rate == kWide ? SPEEX_MODEID_WB : SPEEX_MODEID_UWB;
}

class LibspeexDecoder final : public Decoder {
 public:
  explicit LibspeexDecoder(std::uint32_t rate)
      : state_(speex_decoder_init(speex_lib_get_mode(mode_of(rate)))) {
    speex_bits_init(&bits_);
    int samples = 0;
    if (state_) speex_decoder_ctl(state_.get(), SPEEX_GET_FRAME_SIZE, &samples);
    frame_samples_ = static_cast<std::size_t>(samples);
  }
  LibspeexDecoder(const LibspeexDecoder&) = delete;
  LibspeexDecoder& operator=(const LibspeexDecoder&) = delete;
  ~LibspeexDecoder() override { speex_bits_destroy(&bits_); }

  [[nodiscard]] bool is_open() const { return frame_samples_ != 0; }

  bool decode(Bytes frame, SampleBuffer& out) override {
    speex_bits_read_from(&bits_, reinterpret_cast<const char*>(frame.data()),
                         static_cast<int>(frame.size()));
    std::size_t frames = 0;
    while (frames < kMostSpeexFrames && has_frame() && append(&bits_, out)) ++frames;
    return frames != 0;
  }
  bool conceal(std::size_t samples, Bytes /*next*/, SampleBuffer& out) override {
    for (; samples >= frame_samples_; samples -= frame_samples_) {
      if (!append(nullptr, out)) return false;
    }
    return true;
  }

 private:
  [[nodiscard]] bool has_frame() {
    return speex_bits_remaining(&bits_) >= kLeastBits &&
           speex_bits_peek_unsigned(&bits_, kLeastBits) != kTerminator;
  }
  // bits: null for a frame that was lost.
  bool append(SpeexBits* bits, SampleBuffer& out) {
    const bool given = speex_decode_int(state_.get(), bits, out.grow(frame_samples_).data()) == 0;
    if (!given) out.drop_back(frame_samples_);
    return given;
  }

  std::unique_ptr<void, SpeexDecoderFree> state_;
  SpeexBits bits_{};
  std::size_t frame_samples_ = 0;
};

}  // namespace

std::unique_ptr<Decoder> open_speex(const Codec& codec, const MediaFormat& format) {
  auto decoder = std::make_unique<LibspeexDecoder>(audio_rate_of(codec, format));
  if (!decoder->is_open()) return nullptr;
  return decoder;
}

}  // namespace koegura::decode
