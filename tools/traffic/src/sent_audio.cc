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
  const bool music = segment.kind == StreamSegment::Kind::kMusic;
  const Voice speaker = stream_.side == Side::kCaller ? Voice::kCaller : Voice::kCallee;
  const auto table = audio_.table(music ? Voice::kMusic : speaker);
  const std::uint64_t place = (music ? at - start_of(segment) : at + offset_) % table.size();
  return table.subspan(place, std::min<std::uint64_t>(end - at, table.size() - place));
}

}  // namespace koegura::traffic
