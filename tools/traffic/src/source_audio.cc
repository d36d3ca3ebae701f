#include "source_audio.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "g711.h"
#include "random.h"
#include "wav_file.h"

namespace koegura::traffic {
namespace {

constexpr std::uint64_t kLineNoise = 2;  // a purpose of Random
constexpr std::size_t kTurnGap = 300 * kSamplesPerMs;

// A line is never digitally silent: noise of 3 bits, about -70 dBm0.
void append_silence(Samples& out, std::size_t samples, Random& random) {
  for (std::size_t i = 0; i < samples; ++i) {
    out.push_back(static_cast<std::int16_t>(static_cast<int>(random.below(9)) - 4));
  }
}

// The callee answers, so the callee speaks first.
std::array<Samples, 2> conversation(const std::vector<Samples>& utterances, std::uint64_t seed) {
  std::array<Samples, 2> sides;
  Random random(seed, kLineNoise, 0);
  std::size_t speaker = 1;
  for (const Samples& utterance : utterances) {
    Samples& speaks = sides[speaker];
    Samples& listens = sides[1 - speaker];
    speaks.insert(speaks.end(), utterance.begin(), utterance.end());
    append_silence(speaks, kTurnGap, random);
    append_silence(listens, utterance.size() + kTurnGap, random);
    speaker = 1 - speaker;
  }
  for (Samples& side : sides) {
    append_silence(side, (kTableGrain - side.size() % kTableGrain) % kTableGrain, random);
  }
  return sides;
}

}  // namespace

Result<std::vector<Samples>> recorded_utterances(const std::string& directory) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() == ".wav") files.push_back(it->path());
  }
  if (error) return failure("cannot read " + directory + ": " + error.message());
  if (files.empty()) return failure(directory + " holds no .wav file");
  std::sort(files.begin(), files.end());

  std::vector<Samples> utterances;
  for (const auto& file : files) {
    auto samples = read_wav(file.string());
    if (!samples) return tl::make_unexpected(std::move(samples.error()));
    utterances.push_back(std::move(*samples));
  }
  return utterances;
}

std::int16_t as_carried(Encoding encoding, std::int16_t sample) {
  switch (encoding) {
    case Encoding::kMuLaw:
      return linear_from_mulaw(mulaw_from_linear(sample));
    case Encoding::kALaw:
      return linear_from_alaw(alaw_from_linear(sample));
    case Encoding::kLinear:
    case Encoding::kG726:
    case Encoding::kLibavcodec:
      break;
  }
  return sample;
}

Result<SourceAudio> SourceAudio::create(const TrafficOptions& options, const Codec& codec) {
  std::vector<Samples> utterances;
  if (options.audio_directory.empty()) {
    utterances = built_in_utterances(options.seed);
  } else {
    auto recorded = recorded_utterances(options.audio_directory);
    if (!recorded) return tl::make_unexpected(std::move(recorded.error()));
    utterances = std::move(*recorded);
  }
  SourceAudio audio;
  audio.frame_ms_ = codec.frame_ms;
  auto sides = conversation(utterances, options.seed);
  audio.tables_ = {std::move(sides[0]), std::move(sides[1]), built_in_music(), built_in_tones()};
  for (Samples& table : audio.tables_) {
    for (std::int16_t& sample : table) sample = as_carried(codec.encoding, sample);
  }
  return audio;
}

std::array<Sound, kVoices> SourceAudio::sounds_of(std::uint32_t call) const {
  const std::uint64_t offset = offset_ms(call);
  return {Sound{.samples = table(Voice::kCaller), .offset_ms = offset},
          Sound{.samples = table(Voice::kCallee), .offset_ms = offset},
          Sound{.samples = table(Voice::kMusic)}, Sound{.samples = table(Voice::kTones)}};
}

std::uint64_t SourceAudio::offset_ms(std::uint32_t call) const {
  // A prime stride: calls that run at the same time are seconds apart in the conversation.
  constexpr std::uint64_t kStrideMs = 10'007;
  const std::uint64_t table_ms = tables_[0].size() / kSamplesPerMs;
  const std::uint64_t offset = call * kStrideMs % table_ms;
  return offset - offset % frame_ms_;
}

}  // namespace koegura::traffic
