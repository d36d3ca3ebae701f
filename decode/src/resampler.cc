#include "resampler.h"

extern "C" {
#include <libavutil/channel_layout.h>
#include <libavutil/samplefmt.h>
#include <libswresample/swresample.h>
}

#include <algorithm>

#include "libav_log.h"

namespace koegura::decode {

void Resampler::Free::operator()(SwrContext* context) const {
  swr_free(&context);
}

std::unique_ptr<Resampler> Resampler::create(std::uint32_t from_rate, std::uint32_t to_rate) {
  silence_libav();
  AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO;
  SwrContext* context = nullptr;
  swr_alloc_set_opts2(&context, &mono, AV_SAMPLE_FMT_S16, static_cast<int>(to_rate), &mono,
                      AV_SAMPLE_FMT_S16, static_cast<int>(from_rate), 0, nullptr);
  std::unique_ptr<Resampler> resampler(new Resampler);
  resampler->context_.reset(context);
  if (context == nullptr || swr_init(context) < 0) return nullptr;
  return resampler;
}

void Resampler::convert(std::span<const Sample> in, SampleBuffer& out) {
  fed_ = fed_ || !in.empty();
  run(in.data(), in.size(), out);
}

void Resampler::flush(SampleBuffer& out) {
  if (!fed_) return;
  run(nullptr, 0, out);
  fed_ = false;
  swr_init(context_.get());  // keeps the filter, forgets the samples
}

void Resampler::run(const Sample* in, std::size_t count, SampleBuffer& out) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(in);
  const int room = swr_get_out_samples(context_.get(), static_cast<int>(count));
  if (room <= 0) return;
  auto* to = reinterpret_cast<std::uint8_t*>(out.grow(static_cast<std::size_t>(room)).data());
  const int got = swr_convert(context_.get(), &to, room, in == nullptr ? nullptr : &bytes,
                              static_cast<int>(count));
  out.drop_back(static_cast<std::size_t>(room - std::max(got, 0)));
}

}  // namespace koegura::decode
