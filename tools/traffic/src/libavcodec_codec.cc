#include "libavcodec_codec.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
}

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>

#include "sound.h"

namespace koegura::traffic {
namespace {

constexpr int kCodecRate = static_cast<int>(kSourceRate);

struct FreeContext {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
struct FreeFrame {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct FreePacket {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
struct FreeResampler {
  void operator()(SwrContext* resampler) const { swr_free(&resampler); }
};
using ContextPtr = std::unique_ptr<AVCodecContext, FreeContext>;
using FramePtr = std::unique_ptr<AVFrame, FreeFrame>;
using PacketPtr = std::unique_ptr<AVPacket, FreePacket>;
using ResamplerPtr = std::unique_ptr<SwrContext, FreeResampler>;

tl::unexpected<Error> av_failure(const Codec& codec, const char* what, int code) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(code, text.data(), text.size());
  return failure(std::string(codec.name) + ": " + what + ": " + text.data());
}

// The encoders wanted here all take interleaved 16-bit samples of one channel.
Result<ContextPtr> open_encoder(const Codec& codec) {
  const AVCodec* encoder = avcodec_find_encoder_by_name(std::string(codec.encoder).c_str());
  if (encoder == nullptr) return failure("FFmpeg has no encoder " + std::string(codec.encoder));
  ContextPtr context(avcodec_alloc_context3(encoder));
  context->sample_fmt = AV_SAMPLE_FMT_S16;
  context->sample_rate = static_cast<int>(codec.sample_rate);
  context->bit_rate = codec.bit_rate;
  av_channel_layout_default(&context->ch_layout, 1);
  context->flags |= AV_CODEC_FLAG_BITEXACT;
  context->log_level_offset = AV_LOG_TRACE;  // libraries do not log
  const int opened = avcodec_open2(context.get(), encoder, nullptr);
  if (opened < 0) return av_failure(codec, "opening the encoder", opened);
  return context;
}

Result<std::vector<std::int16_t>> resampled(const Codec& codec,
                                            std::span<const std::int16_t> samples, int from_rate,
                                            int to_rate) {
  if (from_rate == to_rate) return std::vector(samples.begin(), samples.end());
  AVChannelLayout mono{};
  av_channel_layout_default(&mono, 1);
  SwrContext* created = nullptr;
  int result = swr_alloc_set_opts2(&created, &mono, AV_SAMPLE_FMT_S16, to_rate, &mono,
                                   AV_SAMPLE_FMT_S16, from_rate, 0, nullptr);
  const ResamplerPtr resampler(created);
  if (result >= 0) result = swr_init(resampler.get());
  if (result < 0) return av_failure(codec, "opening the resampler", result);

  std::vector<std::int16_t> out(samples.size() * static_cast<std::size_t>(to_rate) /
                                static_cast<std::size_t>(from_rate));
  auto* to = reinterpret_cast<std::uint8_t*>(out.data());
  const auto* from = reinterpret_cast<const std::uint8_t*>(samples.data());
  result = swr_convert(resampler.get(), &to, static_cast<int>(out.size()), &from,
                       static_cast<int>(samples.size()));
  if (result < 0) return av_failure(codec, "resampling", result);
  // What the filter still holds is its delay, a few milliseconds: the end of the table is silent.
  return out;
}

Result<void> receive(const Codec& codec, AVCodecContext& context, EncodedFrames& out) {
  const PacketPtr packet(av_packet_alloc());
  int result = 0;
  while ((result = avcodec_receive_packet(&context, packet.get())) == 0) {
    const auto* data = reinterpret_cast<const std::byte*>(packet->data);
    out.bytes.insert(out.bytes.end(), data, data + packet->size);
    out.ends.push_back(static_cast<std::uint32_t>(out.bytes.size()));
    av_packet_unref(packet.get());
  }
  if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return {};
  return av_failure(codec, "encoding", result);
}

// chunk of nothing: the end.
Result<void> send(const Codec& codec, AVCodecContext& context, std::span<const std::int16_t> chunk,
                  std::int64_t position) {
  const FramePtr frame(av_frame_alloc());
  int result = 0;
  if (!chunk.empty()) {
    frame->nb_samples = static_cast<int>(chunk.size());
    frame->format = context.sample_fmt;
    frame->sample_rate = context.sample_rate;
    frame->pts = position;
    av_channel_layout_copy(&frame->ch_layout, &context.ch_layout);
    result = av_frame_get_buffer(frame.get(), 0);
    if (result < 0) return av_failure(codec, "allocating a frame", result);
    std::memcpy(frame->data[0], chunk.data(), chunk.size_bytes());
  }
  result = avcodec_send_frame(&context, chunk.empty() ? nullptr : frame.get());
  if (result < 0) return av_failure(codec, "encoding", result);
  return {};
}

}  // namespace

bool has_libavcodec_encoder(const Codec& codec) {
  return avcodec_find_encoder_by_name(std::string(codec.encoder).c_str()) != nullptr;
}

Result<EncodedFrames> encode_by_libavcodec(const Codec& codec,
                                           std::span<const std::int16_t> samples) {
  auto context = open_encoder(codec);
  if (!context) return tl::make_unexpected(std::move(context.error()));
  const auto input = resampled(codec, samples, kCodecRate, static_cast<int>(codec.sample_rate));
  if (!input) return tl::make_unexpected(input.error());

  const std::size_t frame = codec.sample_rate * codec.frame_ms / 1000;
  const std::size_t step = (*context)->frame_size > 0
                               ? static_cast<std::size_t>((*context)->frame_size)
                               : std::max<std::size_t>(frame, codec.sample_rate / 100);
  EncodedFrames out;
  std::span<const std::int16_t> rest(*input);
  for (std::size_t at = 0; at < input->size() + step; at += step) {
    const auto chunk = rest.first(std::min(step, rest.size()));
    rest = rest.subspan(chunk.size());
    auto done = send(codec, **context, chunk, static_cast<std::int64_t>(at));
    if (done) done = receive(codec, **context, out);
    if (!done) return tl::make_unexpected(done.error());
    if (chunk.empty()) break;
  }
  return out;
}

namespace {

Result<ContextPtr> open_decoder(const Codec& codec) {
  const AVCodec* encoder = avcodec_find_encoder_by_name(std::string(codec.encoder).c_str());
  const AVCodec* decoder = encoder == nullptr ? nullptr : avcodec_find_decoder(encoder->id);
  if (decoder == nullptr) return failure("FFmpeg has no decoder of " + std::string(codec.name));
  ContextPtr context(avcodec_alloc_context3(decoder));
  context->sample_rate = static_cast<int>(codec.sample_rate);
  context->request_sample_fmt = AV_SAMPLE_FMT_S16;
  av_channel_layout_default(&context->ch_layout, 1);
  context->flags |= AV_CODEC_FLAG_BITEXACT;
  context->log_level_offset = AV_LOG_TRACE;
  const int opened = avcodec_open2(context.get(), decoder, nullptr);
  if (opened < 0) return av_failure(codec, "opening the decoder", opened);
  if (context->sample_fmt != AV_SAMPLE_FMT_S16) {
    return failure("FFmpeg's decoder of " + std::string(codec.name) + " gives no 16-bit samples");
  }
  return context;
}

}  // namespace

Result<std::vector<std::int16_t>> decode_by_libavcodec(const Codec& codec,
                                                       std::span<const std::byte> frames) {
  auto context = open_decoder(codec);
  if (!context) return tl::make_unexpected(std::move(context.error()));
  const std::size_t step = codec.frame_bytes * std::size_t{20};  // any whole number of frames
  std::vector<std::int16_t> samples;
  const FramePtr frame(av_frame_alloc());
  while (!frames.empty()) {
    const auto chunk = frames.first(std::min(step, frames.size()));
    frames = frames.subspan(chunk.size());
    const PacketPtr packet(av_packet_alloc());
    int result = av_new_packet(packet.get(), static_cast<int>(chunk.size()));
    if (result < 0) return av_failure(codec, "allocating a packet", result);
    std::memcpy(packet->data, chunk.data(), chunk.size());
    result = avcodec_send_packet(context->get(), packet.get());
    while (result >= 0 && (result = avcodec_receive_frame(context->get(), frame.get())) >= 0) {
      const auto* from = reinterpret_cast<const std::int16_t*>(frame->data[0]);
      samples.insert(samples.end(), from, from + frame->nb_samples);
    }
    if (result != AVERROR(EAGAIN)) return av_failure(codec, "decoding", result);
  }
  return resampled(codec, samples, static_cast<int>(codec.sample_rate), kCodecRate);
}

}  // namespace koegura::traffic
