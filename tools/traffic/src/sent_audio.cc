#include "sent_audio.h"

namespace koegura::traffic {

std::vector<AudioRun> SentAudio::runs() const {
  std::vector<AudioRun> runs;
  for (const StreamSegment& segment : stream_.segments) {
    if (segment.kind == StreamSegment::Kind::kEvent) continue;
    const std::uint64_t start = start_of(segment);
    if (!runs.empty() && runs.back().sample + runs.back().samples == start) {
      runs.back().samples += end_of(segment) - start;
    } else {
      runs.push_back({start, end_of(segment) - start});
    }
  }
  return runs;
}

std::span<const std::int16_t> SentAudio::slice_at(const StreamSegment& segment, std::uint64_t at,
                                                  std::uint64_t end) const {
  const Sound& sound = sounds_[segment.sound];
  const std::uint64_t begin = (sound.offset_ms + segment.place_ms) * kSamplesPerMs;
  const std::uint64_t place = (begin + at - start_of(segment)) % sound.samples.size();
  return sound.samples.subspan(place,
                               std::min<std::uint64_t>(end - at, sound.samples.size() - place));
}

}  // namespace koegura::traffic
