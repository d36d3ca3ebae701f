#include "traffic/known_audio.h"

#include <algorithm>

#include "sent_audio.h"
#include "source_audio.h"

namespace koegura::traffic {

Result<KnownAudio> KnownAudio::create(const TrafficOptions& options) {
  if (auto sound = check(options); !sound) return tl::make_unexpected(std::move(sound.error()));
  auto audio = SourceAudio::create(options, *find_codec(options.codec));
  if (!audio) return tl::make_unexpected(std::move(audio.error()));
  return KnownAudio(options, std::make_unique<SourceAudio>(std::move(*audio)));
}

KnownAudio::KnownAudio(TrafficOptions options, std::unique_ptr<SourceAudio> audio)
    : options_(std::move(options)), audio_(std::move(audio)) {}
KnownAudio::KnownAudio(KnownAudio&&) noexcept = default;
KnownAudio& KnownAudio::operator=(KnownAudio&&) noexcept = default;
KnownAudio::~KnownAudio() = default;

std::vector<AudioRun> KnownAudio::runs(std::uint32_t call, capture::Side side) const {
  const CallPlan plan = plan_call(options_, call, options_.start);
  if (plan.streams.empty()) return {};
  return SentAudio({}, plan.streams[index_of(side)], options_.packet_time_ms).runs();
}

std::vector<std::int16_t> KnownAudio::samples(std::uint32_t call, capture::Side side,
                                              AudioRun run) const {
  std::vector<std::int16_t> samples(run.samples);
  const CallPlan plan = plan_call(options_, call, options_.start);
  if (plan.streams.empty()) return samples;
  const auto sounds = audio_->sounds_of(call);
  const SentAudio sent(sounds, plan.streams[index_of(side)], options_.packet_time_ms);
  sent.visit(run, [&](std::uint64_t at, std::span<const std::int16_t> slice) {
    std::copy(slice.begin(), slice.end(),
              samples.begin() + static_cast<std::ptrdiff_t>(at - run.sample));
  });
  return samples;
}

}  // namespace koegura::traffic
