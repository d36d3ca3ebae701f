#include "flac_decoder.h"

#include <FLAC/stream_decoder.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace koegura::decode {
namespace {

struct DeleteDecoder {
  void operator()(FLAC__StreamDecoder* decoder) const { FLAC__stream_decoder_delete(decoder); }
};

// "fLaC" and STREAMINFO as the last metadata block.
constexpr std::array<std::byte, 8> kStreamStart = {std::byte{'f'}, std::byte{'L'},  std::byte{'a'},
                                                   std::byte{'C'}, std::byte{0x80}, std::byte{0},
                                                   std::byte{0},   std::byte{34}};

std::uint64_t big_endian(const FlacStreamInfo& info, std::size_t at, unsigned bytes) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < bytes; ++i)
    value = (value << 8U) | static_cast<std::uint64_t>(info[at + i]);
  return value;
}

class Decoding {
 public:
  Decoding(const FlacStreamInfo& info, const FlacSource& source, const SampleSink& sink)
      : source_(source), sink_(sink), channels_(read_stream_info(info).channels) {
    std::copy(info.begin(), info.end(),
              std::copy(kStreamStart.begin(), kStreamStart.end(), head_.begin()));
    rest_ = head_;
  }

  Result<void> run() {
    const std::unique_ptr<FLAC__StreamDecoder, DeleteDecoder> decoder(FLAC__stream_decoder_new());
    if (!decoder) return failure("out of memory");
    const auto started =
        FLAC__stream_decoder_init_stream(decoder.get(), on_read, nullptr, nullptr, nullptr, nullptr,
                                         on_write, nullptr, on_error, this);
    const bool decoded = started == FLAC__STREAM_DECODER_INIT_STATUS_OK &&
                         FLAC__stream_decoder_process_until_end_of_stream(decoder.get());
    if (!result_) return result_;
    if (!decoded) return failure("the FLAC stream cannot be decoded");
    return {};
  }

 private:
  static FLAC__StreamDecoderReadStatus on_read(const FLAC__StreamDecoder* /*decoder*/,
                                               FLAC__byte* buffer, std::size_t* bytes, void* self) {
    auto& me = *static_cast<Decoding*>(self);
    if (me.rest_.empty()) {
      Result<capture::Bytes> next = me.source_();
      if (!next) {
        me.result_ = tl::make_unexpected(next.error());
        return FLAC__STREAM_DECODER_READ_STATUS_ABORT;
      }
      me.rest_ = *next;
    }
    *bytes = std::min(*bytes, me.rest_.size());
    if (*bytes == 0) return FLAC__STREAM_DECODER_READ_STATUS_END_OF_STREAM;
    std::memcpy(buffer, me.rest_.data(), *bytes);
    me.rest_ = me.rest_.subspan(*bytes);
    return FLAC__STREAM_DECODER_READ_STATUS_CONTINUE;
  }

  static FLAC__StreamDecoderWriteStatus on_write(const FLAC__StreamDecoder* /*decoder*/,
                                                 const FLAC__Frame* frame,
                                                 const FLAC__int32* const buffer[], void* self) {
    auto& me = *static_cast<Decoding*>(self);
    if (frame->header.channels != me.channels_) return FLAC__STREAM_DECODER_WRITE_STATUS_ABORT;
    std::array<std::span<const Sample>, FLAC__MAX_CHANNELS> planes;
    for (unsigned channel = 0; channel < me.channels_; ++channel) {
      std::vector<Sample>& plane = me.planes_[channel];
      plane.resize(frame->header.blocksize);
      std::transform(buffer[channel], buffer[channel] + plane.size(), plane.begin(),
                     [](FLAC__int32 sample) { return static_cast<Sample>(sample); });
      planes[channel] = plane;
    }
    me.result_ = me.sink_(std::span(planes).first(me.channels_));
    return me.result_ ? FLAC__STREAM_DECODER_WRITE_STATUS_CONTINUE
                      : FLAC__STREAM_DECODER_WRITE_STATUS_ABORT;
  }

  static void on_error(const FLAC__StreamDecoder* /*decoder*/,
                       FLAC__StreamDecoderErrorStatus status, void* self) {
    auto& me = *static_cast<Decoding*>(self);
    if (!me.result_) return;
    me.result_ = failure(std::string("the FLAC stream is damaged: ") +
                         FLAC__StreamDecoderErrorStatusString[status]);
  }

  const FlacSource& source_;
  const SampleSink& sink_;
  unsigned channels_;
  std::array<std::byte, kStreamStart.size() + std::tuple_size_v<FlacStreamInfo>> head_{};
  capture::Bytes rest_;  // read, not yet given to libFLAC
  std::array<std::vector<Sample>, FLAC__MAX_CHANNELS> planes_;
  Result<void> result_;
};

}  // namespace

FlacProperties read_stream_info(const FlacStreamInfo& info) {
  const std::uint64_t packed = big_endian(info, 10, 8);
  return {.sample_rate = static_cast<std::uint32_t>(packed >> 44U),
          .channels = static_cast<unsigned>((packed >> 41U) & 7U) + 1,
          .bits_per_sample = static_cast<unsigned>((packed >> 36U) & 31U) + 1,
          .samples = packed & ((std::uint64_t{1} << 36U) - 1)};
}

Result<void> decode_flac(const FlacStreamInfo& info, const FlacSource& source,
                         const SampleSink& sink) {
  return Decoding(info, source, sink).run();
}

}  // namespace koegura::decode
