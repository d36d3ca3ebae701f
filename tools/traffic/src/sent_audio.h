// SentAudio: the samples behind one stream's packets, read from the tables without copying them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "call_plan.h"
#include "sound.h"
#include "traffic/known_audio.h"

namespace koegura::traffic {

class SentAudio {
 public:
  // REQUIRES: sounds and stream outlive this.
  SentAudio(std::span<const Sound> sounds, const StreamPlan& stream, std::uint32_t packet_time_ms)
      : sounds_(sounds),
        stream_(stream),
        samples_per_tick_(std::uint64_t{packet_time_ms} * kSamplesPerMs) {}

  [[nodiscard]] std::vector<AudioRun> runs() const;

  // Gives visit(sample, samples) every stretch of the range that was sent, in order.
  template <typename Visit>
  void visit(const AudioRun& range, Visit visit) const {
    for (const StreamSegment& segment : stream_.segments) {
      if (segment.kind == StreamSegment::Kind::kEvent) continue;
      std::uint64_t at = std::max(range.sample, start_of(segment));
      const std::uint64_t end = std::min(range.sample + range.samples, end_of(segment));
      while (at < end) {
        const auto slice = slice_at(segment, at, end);
        visit(at, slice);
        at += slice.size();
      }
    }
  }

 private:
  [[nodiscard]] std::uint64_t start_of(const StreamSegment& segment) const {
    return segment.tick * samples_per_tick_;
  }
  [[nodiscard]] std::uint64_t end_of(const StreamSegment& segment) const {
    return (segment.tick + segment.ticks) * samples_per_tick_;
  }
  // From there to the end or to where the table goes round.
  [[nodiscard]] std::span<const std::int16_t> slice_at(const StreamSegment& segment,
                                                       std::uint64_t at, std::uint64_t end) const;

  std::span<const Sound> sounds_;
  const StreamPlan& stream_;
  std::uint64_t samples_per_tick_;
};

}  // namespace koegura::traffic
