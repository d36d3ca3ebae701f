#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string_view>

#include "random.h"
#include "source_audio.h"

namespace koegura::traffic {
namespace {

constexpr std::uint64_t kSpeech = 1;  // a purpose of Random
constexpr std::uint32_t kSineSteps = 4096;

// Everything else is exact arithmetic, so rounding the sine once makes the samples the same
// wherever the C library's sine is right to 1/32,767.
class Sine {
 public:
  static const Sine& table() {
    static const Sine kSine;
    return kSine;
  }

  // turn: a full circle is 2^32.
  [[nodiscard]] std::int64_t at(std::uint32_t turn) const { return table_[turn >> 20U]; }

 private:
  Sine() {
    for (std::uint32_t i = 0; i < kSineSteps; ++i) {
      table_[i] = static_cast<std::int16_t>(
          std::lround(32'767 * std::sin(2 * std::numbers::pi * i / kSineSteps)));
    }
  }
  std::array<std::int16_t, kSineSteps> table_{};
};

constexpr std::uint32_t turn_per_sample(std::uint32_t hertz) {
  return static_cast<std::uint32_t>((std::uint64_t{hertz} << 32U) / kSourceRate);
}

// In rows and columns of the frequencies.
constexpr std::string_view kToneKeys = "123A456B789C*0#D";
constexpr std::uint32_t kToneMs = 240;
// Silence, so that an adaptive codec begins each tone as its decoder will: from the quiet.
constexpr std::uint32_t kBeforeToneMs = 180;
static_assert(kToneMs * kSamplesPerMs % kTableGrain == 0 &&
              kBeforeToneMs * kSamplesPerMs % kTableGrain == 0);

struct Vowel {
  std::int64_t first_formant;  // Hz
  std::int64_t second_formant;
};
// a, i, u, e, o; a's formants are not those of a key's tones (697 to 941, 1209 to 1633 Hz)
constexpr std::array<Vowel, 5> kVowels = {
    {{730, 1090}, {290, 2250}, {340, 1300}, {480, 1900}, {490, 850}}};

struct Syllable {
  Vowel vowel;
  std::uint32_t pitch;  // Hz
  std::uint32_t samples;
};

// How strongly a formant lifts a frequency: a resonance of 120 Hz width.
std::int64_t lift(std::int64_t hertz, std::int64_t formant) {
  const std::int64_t distance = (hertz - formant) / 60;
  return 4096 / (1 + distance * distance);
}

void append_syllable(Samples& out, const Sine& sine, const Syllable& syllable) {
  constexpr std::uint32_t kHarmonics = 16;
  std::array<std::int64_t, kHarmonics> weight{};
  for (std::uint32_t h = 0; h < kHarmonics; ++h) {
    const std::int64_t hertz = std::int64_t{syllable.pitch} * (h + 1);
    weight[h] = 96 + lift(hertz, syllable.vowel.first_formant) +
                lift(hertz, syllable.vowel.second_formant) / 2;
  }
  const std::uint32_t step = turn_per_sample(syllable.pitch);
  const std::uint32_t edge = syllable.samples / 4;  // rises and falls over a quarter each
  for (std::uint32_t i = 0; i < syllable.samples; ++i) {
    std::int64_t sum = 0;
    for (std::uint32_t h = 0; h < kHarmonics; ++h) sum += weight[h] * sine.at(i * step * (h + 1));
    const std::int64_t to_edge = std::min(i, syllable.samples - 1 - i);
    const std::int64_t envelope = std::min<std::int64_t>(to_edge, edge) * 256 / edge;
    out.push_back(static_cast<std::int16_t>((sum >> 13U) * envelope >> 8U));
  }
}

}  // namespace

Samples built_in_utterance(std::uint32_t voice_pitch, Random& random) {
  const Sine& sine = Sine::table();
  Samples out;
  const std::uint32_t syllables = 8 + random.below(10);
  for (std::uint32_t i = 0; i < syllables; ++i) {
    // The voice falls towards the end of the sentence.
    const std::uint32_t pitch = voice_pitch + random.below(24) + 30 * (syllables - i) / syllables;
    append_syllable(out, sine,
                    {kVowels[random.below(kVowels.size())], pitch, 700 + random.below(1100)});
    const std::uint32_t closure = random.below(5) == 0 ? 1600 : 160 + random.below(400);
    for (std::uint32_t k = 0; k < closure; ++k) {
      out.push_back(static_cast<std::int16_t>(static_cast<int>(random.below(33)) - 16));
    }
  }
  return out;
}

std::vector<Samples> built_in_utterances(std::uint64_t seed) {
  constexpr std::uint32_t kUtterances = 12;                      // about 30 s
  constexpr std::array<std::uint32_t, 2> kPitches = {190, 110};  // callee, caller
  std::vector<Samples> utterances;
  for (std::uint32_t i = 0; i < kUtterances; ++i) {
    Random random(seed, kSpeech, i);
    utterances.push_back(built_in_utterance(kPitches[i % 2], random));
  }
  return utterances;
}

Samples built_in_music() {
  constexpr std::array<std::uint32_t, 8> kMelody = {523, 659, 784, 659, 587, 698, 880, 698};
  constexpr std::uint32_t kNote = 3600;  // samples; the melody is 3.6 s, whole frames
  static_assert(kMelody.size() * kNote % kTableGrain == 0);
  const Sine& sine = Sine::table();
  Samples out;
  for (const std::uint32_t hertz : kMelody) {
    for (std::uint32_t i = 0; i < kNote; ++i) {
      const std::int64_t decay = 6000 - std::int64_t{i};
      const std::int64_t value =
          sine.at(i * turn_per_sample(hertz)) + sine.at(i * turn_per_sample(hertz * 2)) / 3;
      out.push_back(static_cast<std::int16_t>(value * decay >> 15U));
    }
  }
  return out;
}

Samples built_in_tones() {
  constexpr std::array<std::uint32_t, 4> kLow = {697, 770, 852, 941};
  constexpr std::array<std::uint32_t, 4> kHigh = {1209, 1336, 1477, 1633};
  constexpr std::int64_t kAmplitude = 9000;  // -8 dBm0: a full sine is +3.14
  constexpr std::int64_t kFull = 32'767;
  const Sine& sine = Sine::table();
  Samples out;
  for (std::size_t key = 0; key < kToneKeys.size(); ++key) {
    const std::uint32_t low = turn_per_sample(kLow[key / kHigh.size()]);
    const std::uint32_t high = turn_per_sample(kHigh[key % kHigh.size()]);
    out.resize(out.size() + kBeforeToneMs * kSamplesPerMs);
    for (std::uint32_t i = 0; i < kToneMs * kSamplesPerMs; ++i) {
      const std::int64_t sum = sine.at(i * low) + sine.at(i * high);
      out.push_back(static_cast<std::int16_t>(sum * kAmplitude / kFull));
    }
  }
  return out;
}

std::uint64_t tone_place_ms(char digit) {
  return kToneKeys.find(digit) * std::uint64_t{kBeforeToneMs + kToneMs} + kBeforeToneMs;
}

}  // namespace koegura::traffic
