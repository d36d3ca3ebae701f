#include "flac_encoder.h"

#include <FLAC/stream_encoder.h>

#include <array>
#include <cstring>
#include <vector>

#ifdef KOEGURA_FLAC_CAN_SKIP_MD5
// Exported by libFLAC and used by its own flac(1), but not declared in a public header. MD5 takes
// as long as the whole encoding at level 0, and the record carries a SHA-256 of the same samples.
// NOLINTNEXTLINE(bugprone-reserved-identifier)
extern "C" FLAC__bool FLAC__stream_encoder_set_do_md5(FLAC__StreamEncoder* encoder,
                                                      FLAC__bool value);
#endif

namespace koegura::decode {
namespace {

constexpr unsigned kBitsPerSample = 16;
constexpr std::uint32_t kWidebandRate = 32000;

// Measured on telephone speech at 8 kHz: 1152 is the smallest result at level 0, and 144 ms a good
// step for seeking. Above, as many milliseconds.
unsigned block_size_for(std::uint32_t sample_rate) {
  return sample_rate < kWidebandRate ? 1152 : 4608;
}

// In steps of a fixed length: what compilers vectorise without being asked to.
void widen(std::span<const Sample> in, std::vector<FLAC__int32>& out) {
  constexpr std::size_t kStep = 16;
  out.resize(in.size());
  std::size_t i = 0;
  for (; i + kStep <= in.size(); i += kStep) {
    for (std::size_t k = 0; k < kStep; ++k) out[i + k] = in[i + k];
  }
  for (; i < in.size(); ++i) out[i] = in[i];
}

struct DeleteEncoder {
  void operator()(FLAC__StreamEncoder* encoder) const { FLAC__stream_encoder_delete(encoder); }
};

FlacStreamInfo pack(const FLAC__StreamMetadata_StreamInfo& info) {
  FlacStreamInfo out{};
  std::size_t at = 0;
  const auto put = [&](std::uint64_t value, unsigned bytes) {
    while (bytes-- != 0) out[at++] = static_cast<std::byte>(value >> (8U * bytes));
  };
  put(info.min_blocksize, 2);
  put(info.max_blocksize, 2);
  put(info.min_framesize, 3);
  put(info.max_framesize, 3);
  put((static_cast<std::uint64_t>(info.sample_rate) << 44U) |
          (static_cast<std::uint64_t>(info.channels - 1) << 41U) |
          (static_cast<std::uint64_t>(info.bits_per_sample - 1) << 36U) | info.total_samples,
      8);
  std::memcpy(out.data() + at, info.md5sum, sizeof info.md5sum);
  return out;
}

class LibFlacEncoder final : public FlacEncoder {
 public:
  LibFlacEncoder(unsigned channels, EncodedFlac& out) : out_(out), planes_(channels) {}

  bool open(std::uint32_t sample_rate) {
    encoder_.reset(FLAC__stream_encoder_new());
    FLAC__StreamEncoder* e = encoder_.get();
    if (e == nullptr) return false;
    bool ok = FLAC__stream_encoder_set_channels(e, static_cast<unsigned>(planes_.size()));
    ok = ok && FLAC__stream_encoder_set_bits_per_sample(e, kBitsPerSample);
    ok = ok && FLAC__stream_encoder_set_sample_rate(e, sample_rate);
    ok = ok && FLAC__stream_encoder_set_compression_level(e, 0);
    ok = ok && FLAC__stream_encoder_set_do_mid_side_stereo(e, false);
    ok = ok && FLAC__stream_encoder_set_loose_mid_side_stereo(e, false);
    ok = ok && FLAC__stream_encoder_set_blocksize(e, block_size_for(sample_rate));
#ifdef KOEGURA_FLAC_CAN_SKIP_MD5
    ok = ok && FLAC__stream_encoder_set_do_md5(e, false);
#endif
    return ok && FLAC__stream_encoder_init_stream(e, on_write, nullptr, nullptr, on_metadata,
                                                  this) == FLAC__STREAM_ENCODER_INIT_STATUS_OK;
  }

  Result<void> encode(std::span<const std::span<const Sample>> planes) override {
    std::array<const FLAC__int32*, 2> pointers{};
    for (std::size_t i = 0; i < planes_.size(); ++i) {
      widen(planes[i], planes_[i]);
      pointers[i] = planes_[i].data();
    }
    const auto count = static_cast<unsigned>(planes[0].size());
    if (!FLAC__stream_encoder_process(encoder_.get(), pointers.data(), count)) return why();
    return {};
  }

  Result<void> finish() override {
    if (!FLAC__stream_encoder_finish(encoder_.get()) || !written_) return why();
    return {};
  }

 private:
  // NOLINTNEXTLINE(readability-function-size): libFLAC's parameters
  static FLAC__StreamEncoderWriteStatus on_write(const FLAC__StreamEncoder* /*encoder*/,
                                                 const FLAC__byte* data, std::size_t bytes,
                                                 unsigned samples, unsigned /*frame*/, void* self) {
    if (samples == 0)
      return FLAC__STREAM_ENCODER_WRITE_STATUS_OK;  // the header: on_metadata has it
    auto& me = *static_cast<LibFlacEncoder*>(self);
    me.written_ = me.out_.append(samples, {reinterpret_cast<const std::byte*>(data), bytes});
    return me.written_ ? FLAC__STREAM_ENCODER_WRITE_STATUS_OK
                       : FLAC__STREAM_ENCODER_WRITE_STATUS_FATAL_ERROR;
  }

  static void on_metadata(const FLAC__StreamEncoder* /*encoder*/,
                          const FLAC__StreamMetadata* metadata, void* self) {
    static_cast<LibFlacEncoder*>(self)->out_.finish(pack(metadata->data.stream_info));
  }

  [[nodiscard]] Result<void> why() const {
    if (!written_) return written_;
    return failure(std::string("FLAC encoder: ") +
                   FLAC__stream_encoder_get_resolved_state_string(encoder_.get()));
  }

  EncodedFlac& out_;
  Result<void> written_;
  std::vector<std::vector<FLAC__int32>> planes_;
  // Last: its destructor calls on_write.
  std::unique_ptr<FLAC__StreamEncoder, DeleteEncoder> encoder_;
};

}  // namespace

Result<std::unique_ptr<FlacEncoder>> FlacEncoder::create(std::uint32_t sample_rate,
                                                         unsigned channels, EncodedFlac& out) {
  auto encoder = std::make_unique<LibFlacEncoder>(channels, out);
  if (!encoder->open(sample_rate)) {
    return failure("FLAC encoder: cannot encode at " + std::to_string(sample_rate) + " Hz");
  }
  return encoder;
}

}  // namespace koegura::decode
