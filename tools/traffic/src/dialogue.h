// Dialogue: what is said in one conversation: voices that take turns, and no two conversations
// alike, in their samples and in the rise and fall of their loudness.
#pragma once

#include <cstdint>
#include <vector>

#include "capture/error.h"
#include "source_audio.h"
#include "traffic/traffic.h"

namespace koegura::traffic {

struct DialogueShape {
  std::size_t voices = 2;  // the first one takes turns with all others: of them only one is heard
  std::size_t samples = 0;
  std::size_t silent = 0;  // samples before the first word
};

// Threads: const, any number at once.
class Speakers {
 public:
  // From options.audio_directory, or built in. Errors name the WAV file.
  [[nodiscard]] static Result<Speakers> create(const TrafficOptions& options);

  // The samples of each voice. A function of the options, the conversation and the shape.
  [[nodiscard]] std::vector<Samples> dialogue(std::uint32_t conversation,
                                              const DialogueShape& shape) const;

 private:
  explicit Speakers(std::uint64_t seed) : seed_(seed) {}
  [[nodiscard]] Samples utterance(std::uint32_t pitch, Random& random) const;

  std::uint64_t seed_;
  std::vector<Samples> recorded_;  // empty: built in
};

// Another voice, that says the same to everybody.
[[nodiscard]] Samples built_in_announcement(std::uint64_t seed, std::size_t samples);

}  // namespace koegura::traffic
