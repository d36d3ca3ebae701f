// Digits pressed as tones: what Q.24 says a receiver takes, where they begin and end, and that
// speech is none.
#include "tone_digits.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "call_builder.h"
#include "dtmf_tone.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

// A line: never silent, and what is put into it.
class Line {
 public:
  explicit Line(std::uint32_t rate = 8000) : rate_(rate) {}
  Line& noise(double ms, int level = 4) {
    const auto count = static_cast<std::size_t>(ms * rate_ / 1000);
    std::uniform_int_distribution<int> any(-level, level);
    for (std::size_t i = 0; i < count; ++i) {
      samples_.push_back(static_cast<std::int16_t>(any(random_)));
    }
    return *this;
  }
  Line& tone(DtmfTone tone) {
    tone.rate = rate_;
    const Samples added = tone_samples(tone);
    samples_.insert(samples_.end(), added.begin(), added.end());
    return *this;
  }
  // All of it, a block at a time.
  [[nodiscard]] std::vector<Tone> heard(std::size_t block = 8000) const {
    ToneDigits digits(rate_);
    for (std::size_t at = 0; at < samples_.size(); at += block) {
      digits.add(std::span(samples_).subspan(at, std::min(block, samples_.size() - at)));
    }
    digits.finish();
    return digits.tones();
  }
  [[nodiscard]] std::string digits() const {
    std::string text;
    for (const Tone& tone : heard()) text += tone.digit;
    return text;
  }
  [[nodiscard]] const Samples& samples() const { return samples_; }

 private:
  std::uint32_t rate_;
  Samples samples_;
  std::mt19937 random_{7};
};

double ms(Position position, std::uint32_t rate = 8000) {
  return static_cast<double>(position) * 1000 / rate;
}

}  // namespace

TEST_CASE("each key is told, with its beginning and its end to 4 ms, wherever the blocks are cut") {
  Line line;
  for (std::size_t i = 0; i < kToneKeys.size(); ++i) {
    line.noise(80 + 7.0 * static_cast<double>(i)).tone({.digit = kToneKeys[i], .ms = 60});
  }
  for (const std::size_t block : {std::size_t{8000}, std::size_t{160}, std::size_t{1}}) {
    const std::vector<Tone> tones = line.noise(100).heard(block);
    REQUIRE(tones.size() == kToneKeys.size());
    double at = 0;
    for (std::size_t i = 0; i < tones.size(); ++i) {
      at += 80 + 7.0 * static_cast<double>(i);
      CAPTURE(i);
      CHECK(tones[i].digit == kToneKeys[i]);
      CHECK(std::abs(ms(tones[i].from) - at) <= 4);
      CHECK(std::abs(ms(tones[i].to) - (at + 60)) <= 4);
      at += 60;
    }
  }
}

TEST_CASE("tones of 40 ms are digits wherever they fall, and those below 23 ms are none") {
  for (unsigned offset = 0; offset < 102; offset += 3) {
    CAPTURE(offset);
    const double lead = 50 + offset / 8.0;
    CHECK(Line().noise(lead).tone({.digit = '5', .ms = 40}).noise(60).digits() == "5");
    CHECK(Line().noise(lead).tone({.digit = '5', .ms = 23}).noise(60).digits().empty());
  }
}

TEST_CASE("levels, twist and deviation that a receiver must take") {
  CHECK(Line().noise(50).tone({.digit = '1', .level_dbm0 = -3}).noise(50).digits() == "1");
  CHECK(Line().noise(50).tone({.digit = '1', .level_dbm0 = -29}).noise(50).digits() == "1");
  CHECK(Line().noise(50).tone({.digit = '2', .twist_db = 3.5}).noise(50).digits() == "2");
  CHECK(Line().noise(50).tone({.digit = '2', .twist_db = -7}).noise(50).digits() == "2");
  for (const char digit : kToneKeys) {
    CAPTURE(digit);
    for (const double detune : {-0.014, 0.014}) {
      CHECK(Line().noise(50).tone({.digit = digit, .detune = detune}).noise(50).digits() ==
            std::string(1, digit));
    }
  }
  CHECK(Line().noise(50).tone({.digit = '2', .detune = 0.05}).noise(50).digits().empty());
}

TEST_CASE("one key twice is two digits, and a packet lost within a tone does not make two of it") {
  const DtmfTone five = {.digit = '5', .ms = 50};
  CHECK(Line().noise(50).tone(five).noise(40).tone(five).noise(50).digits() == "55");
  const std::vector<Tone> cracked =
      Line().noise(50).tone({.digit = '5', .ms = 60}).noise(20, 0).tone(five).noise(50).heard();
  REQUIRE(cracked.size() == 1);
  CHECK(std::abs(ms(cracked[0].from) - 50) <= 4);
  CHECK(std::abs(ms(cracked[0].to) - 180) <= 4);
}

TEST_CASE("other rates come down to 8 kHz") {
  for (const std::uint32_t rate : {16000U, 48000U, 11025U, 22050U, 44100U}) {
    CAPTURE(rate);
    const std::vector<Tone> tones =
        Line(rate).noise(300).tone({.digit = '7', .ms = 80}).noise(99).heard(rate / 50);
    REQUIRE(tones.size() == 1);
    CHECK(tones[0].digit == '7');
    CHECK(std::abs(ms(tones[0].from, rate) - 300) <= 5);
    CHECK(std::abs(ms(tones[0].to, rate) - 380) <= 5);
  }
}

TEST_CASE("a tone that goes on is told once it is a digit, and ends with the call") {
  Line line;
  line.noise(100).tone({.digit = '9', .ms = 400});
  ToneDigits digits(8000);
  const std::span<const Sample> all(line.samples());
  digits.add(all.first(800 + 160));
  CHECK_FALSE(digits.sounding_since());
  digits.add(all.subspan(960, 1600));
  REQUIRE(digits.sounding_since());
  CHECK(std::abs(ms(*digits.sounding_since()) - 100) <= 4);
  CHECK(digits.tones().empty());
  digits.add(all.subspan(2560));
  digits.finish();
  REQUIRE(digits.tones().size() == 1);
  CHECK(std::abs(ms(digits.tones()[0].to) - 500) <= 4);
}

TEST_CASE("recorded speech makes no digit, at any loudness") {
  const char* const shared = std::getenv("KOEGURA_SHARED");
  const std::filesystem::path folder =
      std::filesystem::path(shared != nullptr ? shared : KOEGURA_SOURCE_ROOT "/../shared") /
      "audio";
  unsigned files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".wav") continue;
    CAPTURE(entry.path().string());
    ++files;
    const Samples speech = parse_wav(read_file(entry.path().string())).caller;
    for (const int percent : {20, 50, 100, 200}) {
      ToneDigits digits(8000);
      Samples louder;
      for (const std::int16_t sample : speech) {
        louder.push_back(
            static_cast<std::int16_t>(std::clamp(sample * percent / 100, -32768, 32767)));
      }
      digits.add(louder);
      digits.finish();
      CHECK(digits.tones().empty());
    }
  }
  CHECK(files >= 8);
}

TEST_CASE("below 8 kHz nothing is looked for") {
  ToneDigits digits(6000);
  digits.add(tone_samples({.digit = '1', .ms = 200, .rate = 6000}));
  digits.finish();
  CHECK(digits.tones().empty());
}
