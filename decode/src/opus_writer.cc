#include "opus_writer.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
}

#include <algorithm>
#include <vector>

#include "libav_output.h"

namespace koegura::decode {
namespace {

constexpr std::int64_t kBitsPerChannel = 24'000;  // transparent for speech
constexpr const char* kWriting = "cannot write";

struct Free {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};

class LibavOpusWriter final : public OpusWriter {
 public:
  LibavOpusWriter(int fd, unsigned channels)
      : output_(fd, Seekable::kNo), channels_(channels), waiting_(channels) {}

  Result<void> open() {
    muxer_ = open_muxer("opus", output_);
    const AVCodec* codec = avcodec_find_encoder_by_name("libopus");
    if (!muxer_ || codec == nullptr) return failure("this FFmpeg cannot write Opus");
    encoder_.reset(avcodec_alloc_context3(codec));
    packet_.reset(av_packet_alloc());
    frame_.reset(av_frame_alloc());
    AVStream* stream = avformat_new_stream(muxer_.get(), nullptr);
    if (!encoder_ || !packet_ || !frame_ || stream == nullptr) return failure("out of memory");
    encoder_->sample_rate = kSampleRate;
    encoder_->sample_fmt = AV_SAMPLE_FMT_S16;
    encoder_->bit_rate = kBitsPerChannel * channels_;
    encoder_->time_base = {1, kSampleRate};
    encoder_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
    av_channel_layout_default(&encoder_->ch_layout, static_cast<int>(channels_));
    av_opt_set(encoder_->priv_data, "application", "voip", 0);
    int result = avcodec_open2(encoder_.get(), codec, nullptr);
    if (result >= 0) result = avcodec_parameters_from_context(stream->codecpar, encoder_.get());
    stream->time_base = encoder_->time_base;
    if (result >= 0) result = avformat_write_header(muxer_.get(), nullptr);
    return output_.check(result, kWriting);
  }

  Result<void> encode(std::span<const std::span<const Sample>> planes) override {
    for (unsigned channel = 0; channel < channels_; ++channel) {
      waiting_[channel].append(planes[channel]);
    }
    const auto frame = static_cast<std::size_t>(encoder_->frame_size);
    while (waiting_[0].size() >= frame) {
      if (Result<void> done = send(frame); !done) return done;
    }
    return {};
  }

  Result<void> finish() override {
    if (!waiting_[0].empty()) {
      if (Result<void> done = send(waiting_[0].size()); !done) return done;
    }
    int result = avcodec_send_frame(encoder_.get(), nullptr);
    if (Result<void> done = output_.check(result, kWriting); !done) return done;
    if (Result<void> done = write_packets(); !done) return done;
    result = av_write_trailer(muxer_.get());
    avio_flush(output_.context());
    return output_.check(result, kWriting);
  }

 private:
  // Encodes the next samples; fewer than a frame only at the end.
  Result<void> send(std::size_t samples) {
    av_frame_unref(frame_.get());
    frame_->nb_samples = static_cast<int>(samples);
    frame_->format = AV_SAMPLE_FMT_S16;
    frame_->sample_rate = kSampleRate;
    frame_->pts = at_;
    at_ += frame_->nb_samples;
    av_channel_layout_copy(&frame_->ch_layout, &encoder_->ch_layout);
    if (av_frame_get_buffer(frame_.get(), 0) < 0) return failure("out of memory");
    auto* interleaved = reinterpret_cast<Sample*>(frame_->data[0]);
    for (unsigned channel = 0; channel < channels_; ++channel) {
      const std::span<const Sample> plane = waiting_[channel].samples();
      for (std::size_t i = 0; i < samples; ++i) interleaved[i * channels_ + channel] = plane[i];
      waiting_[channel].drop_front(samples);
    }
    const int result = avcodec_send_frame(encoder_.get(), frame_.get());
    if (Result<void> done = output_.check(result, kWriting); !done) return done;
    return write_packets();
  }

  Result<void> write_packets() {
    const AVStream& stream = *muxer_->streams[0];
    while (avcodec_receive_packet(encoder_.get(), packet_.get()) == 0) {
      av_packet_rescale_ts(packet_.get(), encoder_->time_base, stream.time_base);
      packet_->stream_index = 0;
      const int result = av_write_frame(muxer_.get(), packet_.get());
      av_packet_unref(packet_.get());
      if (Result<void> done = output_.check(result, kWriting); !done) return done;
    }
    return {};
  }

  LibavOutput output_;
  unsigned channels_;
  std::vector<SampleBuffer> waiting_;
  Muxer muxer_;
  std::unique_ptr<AVCodecContext, Free> encoder_;
  std::unique_ptr<AVPacket, Free> packet_;
  std::unique_ptr<AVFrame, Free> frame_;
  std::int64_t at_ = 0;
};

}  // namespace

Result<std::unique_ptr<OpusWriter>> OpusWriter::create(int fd, unsigned channels) {
  auto writer = std::make_unique<LibavOpusWriter>(fd, channels);
  if (Result<void> opened = writer->open(); !opened) return tl::make_unexpected(opened.error());
  return writer;
}

}  // namespace koegura::decode
