// Speech for the codec tests: recordings of ../shared/audio, a voice that is computed, encoders of
// libavcodec, and a measure of how alike two recordings are.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
}

#include <cmath>
#include <cstdlib>
#include <memory>

#include "call_builder.h"

namespace koegura::decode::test {

inline std::string shared_folder() {
  const char* named = std::getenv("KOEGURA_SHARED");
  return named != nullptr ? named : std::string(KOEGURA_SOURCE_ROOT) + "/../shared";
}

// A recording at 8 kHz, brought to a multiple of that by straight lines.
inline Samples recording(const std::string& name, std::uint32_t rate) {
  const Samples at_8k = parse_wav(read_file(shared_folder() + "/audio/" + name)).caller;
  const std::size_t factor = rate / 8000;
  Samples out;
  for (std::size_t i = 0; i + 1 < at_8k.size(); ++i) {
    for (std::size_t step = 0; step < factor; ++step) {
      const double part = static_cast<double>(step) / static_cast<double>(factor);
      out.push_back(static_cast<std::int16_t>(at_8k[i] + part * (at_8k[i + 1] - at_8k[i])));
    }
  }
  return out;
}

// A computed voice: three harmonics of a gliding pitch, in syllables. The fixtures of codecs that
// Debian's FFmpeg cannot encode were made from it (fixtures/README.md).
inline Samples computed_voice(std::uint32_t rate, double seconds) {
  Samples out;
  double phase = 0;
  const auto count = static_cast<std::size_t>(seconds * rate);
  for (std::size_t i = 0; i < count; ++i) {
    const double t = static_cast<double>(i) / rate;
    const double pitch = 250 + 25 * std::sin(2 * M_PI * 0.7 * t);
    phase += 2 * M_PI * pitch / rate;
    const double voice = std::cos(phase) + std::cos(2 * phase) / 2 + std::cos(3 * phase) / 3;
    const double syllable = std::pow(std::sin(2 * M_PI * 1.5 * t), 2);
    out.push_back(static_cast<std::int16_t>(4000 * syllable * voice));
  }
  return out;
}

// The highest normalised correlation of two recordings over delays of up to `reach` samples:
// 1 = the same but for its level and a delay, about 0 = unrelated.
inline double likeness(const Samples& heard, const Samples& said, std::size_t reach) {
  double best = 0;
  for (std::size_t delay = 0; delay <= reach; ++delay) {
    double product = 0;
    double power_heard = 0;
    double power_said = 0;
    for (std::size_t i = 0; i + delay < heard.size() && i < said.size(); ++i) {
      const double a = heard[i + delay];
      const double b = said[i];
      product += a * b;
      power_heard += a * a;
      power_said += b * b;
    }
    if (power_heard > 0 && power_said > 0) {
      best = std::max(best, product / std::sqrt(power_heard * power_said));
    }
  }
  return best;
}

struct EncodedPacket {
  Octets bytes;
  std::uint32_t samples = 0;
};

struct EncoderSettings {
  const char* name = nullptr;
  std::uint32_t rate = 8000;
  std::int64_t bit_rate = 0;
  int frame_samples = 0;  // of a packet, where the codec leaves it open
};

// What libavcodec's encoder makes of the samples.
inline std::vector<EncodedPacket> encode(const EncoderSettings& settings, const Samples& samples) {
  const AVCodec* codec = avcodec_find_encoder_by_name(settings.name);
  REQUIRE_MESSAGE(codec != nullptr, settings.name);
  AVCodecContext* context = avcodec_alloc_context3(codec);
  context->sample_rate = static_cast<int>(settings.rate);
  context->sample_fmt = AV_SAMPLE_FMT_S16;
  context->bit_rate = settings.bit_rate;
  av_channel_layout_default(&context->ch_layout, 1);
  REQUIRE(avcodec_open2(context, codec, nullptr) == 0);
  const int size = context->frame_size != 0 ? context->frame_size : settings.frame_samples;
  AVFrame* frame = av_frame_alloc();
  AVPacket* packet = av_packet_alloc();
  std::vector<EncodedPacket> out;
  for (std::size_t at = 0; at + static_cast<std::size_t>(size) <= samples.size();
       at += static_cast<std::size_t>(size)) {
    av_frame_unref(frame);
    frame->nb_samples = size;
    frame->format = context->sample_fmt;
    frame->sample_rate = context->sample_rate;
    frame->pts = static_cast<std::int64_t>(at);
    av_channel_layout_copy(&frame->ch_layout, &context->ch_layout);
    REQUIRE(av_frame_get_buffer(frame, 0) == 0);
    std::memcpy(frame->data[0], samples.data() + at, static_cast<std::size_t>(size) * 2);
    REQUIRE(avcodec_send_frame(context, frame) == 0);
    while (avcodec_receive_packet(context, packet) == 0) {
      const auto* data = reinterpret_cast<const std::byte*>(packet->data);
      out.push_back({.bytes = Octets(data, data + packet->size),
                     .samples = static_cast<std::uint32_t>(size)});
      av_packet_unref(packet);
    }
  }
  av_packet_free(&packet);
  av_frame_free(&frame);
  avcodec_free_context(&context);
  return out;
}

// The first seconds of a recording, as that encoder says them.
inline std::vector<Octets> encoded_speech(const EncoderSettings& settings, std::size_t seconds) {
  Samples said = recording("callback.wav", settings.rate);
  said.resize(seconds * settings.rate);
  std::vector<Octets> frames;
  for (EncodedPacket& packet : encode(settings, said)) frames.push_back(std::move(packet.bytes));
  return frames;
}

// What libavcodec's decoder makes of the packets, back to back.
struct ReferenceDecoder {
  const char* name = nullptr;
  std::uint32_t rate = 8000;
  int bits_per_coded_sample = 0;
};

inline Samples decode_directly(const ReferenceDecoder& settings,
                               const std::vector<EncodedPacket>& packets) {
  const AVCodec* codec = avcodec_find_decoder_by_name(settings.name);
  REQUIRE_MESSAGE(codec != nullptr, settings.name);
  AVCodecContext* context = avcodec_alloc_context3(codec);
  context->sample_rate = static_cast<int>(settings.rate);
  context->bits_per_coded_sample = settings.bits_per_coded_sample;
  context->request_sample_fmt = AV_SAMPLE_FMT_S16;
  av_channel_layout_default(&context->ch_layout, 1);
  REQUIRE(avcodec_open2(context, codec, nullptr) == 0);
  AVFrame* frame = av_frame_alloc();
  AVPacket* packet = av_packet_alloc();
  Samples out;
  for (const EncodedPacket& encoded : packets) {
    REQUIRE(av_new_packet(packet, static_cast<int>(encoded.bytes.size())) == 0);
    std::memcpy(packet->data, encoded.bytes.data(), encoded.bytes.size());
    REQUIRE(avcodec_send_packet(context, packet) == 0);
    av_packet_unref(packet);
    while (avcodec_receive_frame(context, frame) == 0) {
      const bool integers =
          frame->format == AV_SAMPLE_FMT_S16 || frame->format == AV_SAMPLE_FMT_S16P;
      REQUIRE(integers);
      const auto* samples = reinterpret_cast<const std::int16_t*>(frame->data[0]);
      out.insert(out.end(), samples, samples + frame->nb_samples);
    }
  }
  av_packet_free(&packet);
  av_frame_free(&frame);
  avcodec_free_context(&context);
  return out;
}

}  // namespace koegura::decode::test
