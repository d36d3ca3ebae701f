// KnownAudio: the samples that generate() sent, recomputed from the options, so that a test can
// compare a recording with them sample by sample.
//
// Every stream has a timeline: sample n stands at n / 8,000 s on the sender's media clock (what the
// RTP timestamps say), counted from the timestamp of the stream's first packet. Where the sender
// was silent (on hold, during digits) the timeline goes on and no sample was sent.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "capture/finished_call.h"
#include "traffic/traffic.h"

namespace koegura::traffic {

// A stretch of the timeline.
struct AudioRun {
  std::uint64_t sample = 0;
  std::uint64_t samples = 0;

  friend bool operator==(const AudioRun&, const AudioRun&) = default;
};

class SourceAudio;

// Threads: const, any number at once.
class KnownAudio {
 public:
  [[nodiscard]] static Result<KnownAudio> create(const TrafficOptions& options);
  KnownAudio(KnownAudio&&) noexcept;
  KnownAudio& operator=(KnownAudio&&) noexcept;
  ~KnownAudio();

  // The runs that carried audio in packets of this side, in order; none unless the call was
  // answered.
  [[nodiscard]] std::vector<AudioRun> runs(std::uint32_t call, capture::Side side) const;
  // The samples of a run or of a part of one. PCMU, PCMA, L16: exactly what the packets decode to;
  // other codecs: what was encoded. Outside of runs: zeros.
  [[nodiscard]] std::vector<std::int16_t> samples(std::uint32_t call, capture::Side side,
                                                  AudioRun run) const;

 private:
  KnownAudio(TrafficOptions options, std::unique_ptr<SourceAudio> audio);

  TrafficOptions options_;
  std::unique_ptr<SourceAudio> audio_;
};

}  // namespace koegura::traffic
