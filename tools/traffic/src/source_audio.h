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
#include "random.h"
#include "sound.h"
#include "traffic/traffic.h"

namespace koegura::traffic {

enum class Voice : std::uint8_t { kCaller, kCallee, kMusic, kTones };
inline constexpr std::size_t kVoices = 4;

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
  // By Voice, as this call has them; without payloads. Views of this.
  [[nodiscard]] std::array<Sound, kVoices> sounds_of(std::uint32_t call) const;

 private:
  // Where call begins in the conversation; a multiple of the codec's frame.
  [[nodiscard]] std::uint64_t offset_ms(std::uint32_t call) const;

  std::array<Samples, kVoices> tables_;  // each a multiple of kTableGrain long, the speakers' equal
  std::uint32_t frame_ms_ = 1;
};

// Tables are whole frames of every codec: 20 ms and 30 ms.
inline constexpr std::size_t kTableGrain = 60 * kSamplesPerMs;

// An utterance, and a deterministic stand-in for one: voiced sounds with formants, syllables and
// pauses, which compress as speech does.
[[nodiscard]] std::vector<Samples> built_in_utterances(std::uint64_t seed);
[[nodiscard]] Samples built_in_music();
// The tones of all keys, one after another (ITU-T Q.23), and where in them that of a key is: long
// enough for one packet of any length.
[[nodiscard]] Samples built_in_tones();
[[nodiscard]] std::uint64_t tone_place_ms(char digit);

// One more of them. voice_pitch: Hz, about 80 to 250.
[[nodiscard]] Samples built_in_utterance(std::uint32_t voice_pitch, Random& random);
// options.audio_directory's, in order of name. Errors name the WAV file.
[[nodiscard]] Result<std::vector<Samples>> recorded_utterances(const std::string& directory);

// What comes out of the codec's decoder; of codecs that are not lossless: what goes in.
[[nodiscard]] std::int16_t as_carried(Encoding encoding, std::int16_t sample);

}  // namespace koegura::traffic
