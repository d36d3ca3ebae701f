// SourceAudio: what the parties say: one conversation as two tables of samples (while one side
// speaks, the other listens), and the music of a call on hold. A call begins at its own place in
// the conversation and goes round, so that calls differ and no call's length costs memory.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "capture/error.h"
#include "codec.h"
#include "traffic/traffic.h"

namespace koegura::traffic {

enum class Voice : std::uint8_t { kCaller, kCallee, kMusic };
inline constexpr std::size_t kVoices = 3;

inline constexpr std::uint32_t kSourceRate = 8000;  // samples a second
inline constexpr std::uint32_t kSamplesPerMs = kSourceRate / 1000;

using Samples = std::vector<std::int16_t>;

class SourceAudio {
 public:
  // From options.audio_directory, or built in. Samples come as the codec carries them: G.711's
  // quantisation is already in them. Errors name the WAV file.
  [[nodiscard]] static Result<SourceAudio> create(const TrafficOptions& options,
                                                  const Codec& codec);

  [[nodiscard]] std::span<const std::int16_t> table(Voice voice) const {
    return tables_[static_cast<std::size_t>(voice)];
  }
  // Where call begins in the conversation; a multiple of the codec's frame.
  [[nodiscard]] std::uint64_t offset_ms(std::uint32_t call) const;

 private:
  std::array<Samples, kVoices> tables_;  // each a multiple of kTableGrain long, the speakers' equal
  std::uint32_t frame_ms_ = 1;
};

// Tables are whole frames of every codec: 20 ms and 30 ms.
inline constexpr std::size_t kTableGrain = 60 * kSamplesPerMs;

// An utterance, and a deterministic stand-in for one: voiced sounds with formants, syllables and
// pauses, which compress as speech does.
[[nodiscard]] std::vector<Samples> built_in_utterances(std::uint64_t seed);
[[nodiscard]] Samples built_in_music();

}  // namespace koegura::traffic
