#include "dialogue.h"

#include <algorithm>
#include <utility>

namespace koegura::traffic {
namespace {

constexpr std::uint64_t kDialogue = 10;  // purposes of Random
constexpr std::uint64_t kAnnouncement = 11;

std::int16_t noise(Random& random) {
  return static_cast<std::int16_t>(static_cast<int>(random.below(9)) - 4);
}

// Some phones send digital silence between words, the same in every call; others their line's
// noise.
Samples background(std::size_t samples, Random& random) {
  Samples out(samples);
  if (random.below(3) == 0) return out;
  for (std::int16_t& sample : out) sample = noise(random);
  return out;
}

// Stress: the loudness moves between full and a fifth, to another value every 100 to 300 ms.
void stress(Samples& speech, Random& random) {
  constexpr int kFull = 256;
  const auto target = [&] { return 52 + static_cast<int>(random.below(kFull - 52)); };
  int from = target();
  for (std::size_t at = 0; at < speech.size();) {
    const int to = target();
    const std::size_t length =
        std::min<std::size_t>((100 + random.below(200)) * kSamplesPerMs, speech.size() - at);
    for (std::size_t i = 0; i < length; ++i) {
      const int gain = from + (to - from) * static_cast<int>(i) / static_cast<int>(length);
      speech[at + i] = static_cast<std::int16_t>(speech[at + i] * gain / kFull);
    }
    at += length;
    from = to;
  }
}

// The part of a recording from a random place on, at a random loudness: said twice, it is not the
// same samples.
Samples excerpt(const Samples& recording, Random& random) {
  constexpr std::size_t kMost = 6 * kSourceRate;
  if (recording.empty()) return {};
  const std::size_t begin = random.below(static_cast<std::uint32_t>(recording.size() / 2 + 1));
  const int gain = 128 + static_cast<int>(random.below(129));
  Samples out(recording.begin() + static_cast<std::ptrdiff_t>(begin), recording.end());
  out.resize(std::min(out.size(), kMost));
  for (std::int16_t& sample : out) sample = static_cast<std::int16_t>(sample * gain / 256);
  return out;
}

void put(const Samples& speech, std::size_t at, Samples& voice) {
  if (at >= voice.size()) return;
  const std::size_t length = std::min(speech.size(), voice.size() - at);
  std::copy_n(speech.begin(), length, voice.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace

Result<Speakers> Speakers::create(const TrafficOptions& options) {
  Speakers speakers(options.seed);
  if (options.audio_directory.empty()) return speakers;
  auto recorded = recorded_utterances(options.audio_directory);
  if (!recorded) return tl::make_unexpected(std::move(recorded.error()));
  speakers.recorded_ = std::move(*recorded);
  return speakers;
}

Samples Speakers::utterance(std::uint32_t pitch, Random& random) const {
  if (!recorded_.empty()) {
    return excerpt(recorded_[random.below(static_cast<std::uint32_t>(recorded_.size()))], random);
  }
  Samples speech = built_in_utterance(pitch, random);
  stress(speech, random);
  return speech;
}

std::vector<Samples> Speakers::dialogue(std::uint32_t conversation,
                                        const DialogueShape& shape) const {
  Random random(seed_, kDialogue, conversation);
  const auto pause = [&] { return (150 + random.below(750)) * std::size_t{kSamplesPerMs}; };
  std::vector<Samples> voices;
  std::vector<std::uint32_t> pitches;
  for (std::size_t i = 0; i < shape.voices; ++i) {
    voices.push_back(background(shape.samples, random));
    pitches.push_back(85 + random.below(150));
  }
  // Who answers speaks first.
  bool first_speaks = false;
  for (std::size_t at = shape.silent + pause(); at < shape.samples; first_speaks = !first_speaks) {
    const std::size_t begin = first_speaks ? 0 : 1;
    const std::size_t end = first_speaks ? 1 : shape.voices;
    std::size_t longest = 1;
    for (std::size_t speaker = begin; speaker < end; ++speaker) {
      const Samples speech = utterance(pitches[speaker], random);
      put(speech, at, voices[speaker]);
      longest = std::max(longest, speech.size());
    }
    at += longest + pause();
  }
  return voices;
}

Samples built_in_announcement(std::uint64_t seed, std::size_t samples) {
  Random random(seed, kAnnouncement, 0);
  Samples out(samples);
  for (std::size_t at = 0; at < samples;) {
    const Samples speech = built_in_utterance(230, random);
    put(speech, at, out);
    at += speech.size() + 200 * kSamplesPerMs;
  }
  return out;
}

}  // namespace koegura::traffic
