#include "libav_decoder.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/channel_layout.h>
}

#include <algorithm>
#include <cmath>
#include <cstring>

#include "libav_log.h"
#include "payload_formats.h"

namespace koegura::decode {
namespace {

struct ContextFree {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
struct PacketFree {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
struct FrameFree {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};

Sample to_sample(std::int16_t value) {
  return value;
}
Sample to_sample(float value) {
  return static_cast<Sample>(std::lrintf(std::clamp(value * 32768.0F, -32768.0F, 32767.0F)));
}

// The mean of the channels of one sample: a stereo sender is one voice to us.
template <typename T>
void append_mono(const AVFrame& frame, bool planar, SampleBuffer& out) {
  const auto channels = static_cast<std::size_t>(frame.ch_layout.nb_channels);
  const auto count = static_cast<std::size_t>(frame.nb_samples);
  const std::span<Sample> room = out.grow(count);
  const auto plane = [&](std::size_t channel) {
    return reinterpret_cast<const T*>(frame.extended_data[planar ? channel : 0]) +
           (planar ? 0 : channel);
  };
  const std::size_t stride = planar ? 1 : channels;
  for (std::size_t i = 0; i < count; ++i) {
    int sum = 0;
    for (std::size_t channel = 0; channel < channels; ++channel) {
      sum += to_sample(plane(channel)[i * stride]);
    }
    room[i] = static_cast<Sample>(sum / static_cast<int>(channels));
  }
}

bool append_frame(const AVFrame& frame, SampleBuffer& out) {
  if (frame.ch_layout.nb_channels < 1) return false;
  switch (frame.format) {
    case AV_SAMPLE_FMT_S16:
      append_mono<std::int16_t>(frame, false, out);
      return true;
    case AV_SAMPLE_FMT_S16P:
      append_mono<std::int16_t>(frame, true, out);
      return true;
    case AV_SAMPLE_FMT_FLT:
      append_mono<float>(frame, false, out);
      return true;
    case AV_SAMPLE_FMT_FLTP:
      append_mono<float>(frame, true, out);
      return true;
    default:
      return false;
  }
}

class LibavDecoder final : public Decoder {
 public:
  bool open(const LibavDecoderSettings& settings) {
    silence_libav();
    const AVCodec* codec = avcodec_find_decoder_by_name(settings.decoder);
    if (codec == nullptr) return false;
    context_.reset(avcodec_alloc_context3(codec));
    packet_.reset(av_packet_alloc());
    frame_.reset(av_frame_alloc());
    if (!context_ || !packet_ || !frame_) return false;
    context_->sample_rate = settings.sample_rate;
    context_->block_align = settings.block_align;
    context_->request_sample_fmt = AV_SAMPLE_FMT_S16;
    context_->thread_count = 1;
    erased_frame_ = settings.erased_frame;
    av_channel_layout_default(&context_->ch_layout, settings.channels);
    return avcodec_open2(context_.get(), codec, nullptr) == 0;
  }

  bool decode(Bytes frame, SampleBuffer& out) override {
    // libavcodec keeps a reference to the packet and wants padding behind it: a copy of its own.
    if (av_new_packet(packet_.get(), static_cast<int>(frame.size())) < 0) return false;
    std::memcpy(packet_->data, frame.data(), frame.size());
    const bool taken = avcodec_send_packet(context_.get(), packet_.get()) == 0;
    av_packet_unref(packet_.get());
    const std::size_t before = out.size();
    // An error leaves the decoder usable; what it gave before the error stands.
    while (taken && avcodec_receive_frame(context_.get(), frame_.get()) == 0) {
      if (!append_frame(*frame_, out)) break;
    }
    av_frame_unref(frame_.get());
    return out.size() > before;
  }
  bool conceal(std::size_t /*samples*/, Bytes /*next*/, SampleBuffer& out) override {
    return !erased_frame_.empty() && decode(erased_frame_, out);
  }

 private:
  std::unique_ptr<AVCodecContext, ContextFree> context_;
  std::unique_ptr<AVPacket, PacketFree> packet_;
  std::unique_ptr<AVFrame, FrameFree> frame_;
  Bytes erased_frame_;  // empty: it conceals nothing
};

}  // namespace

std::unique_ptr<Decoder> open_libav_decoder(const LibavDecoderSettings& settings) {
  auto decoder = std::make_unique<LibavDecoder>();
  if (!decoder->open(settings)) return nullptr;
  return decoder;
}

std::unique_ptr<Decoder> open_libav(const Codec& codec, const MediaFormat& format) {
  return open_libav_decoder({.decoder = codec.libav_decoder,
                             .sample_rate = static_cast<int>(audio_rate_of(codec, format)),
                             .channels = 1,
                             .block_align = 0,
                             .erased_frame = codec.erased_frame});
}

}  // namespace koegura::decode
