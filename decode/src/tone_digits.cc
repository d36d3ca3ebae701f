#include "tone_digits.h"

// spandsp's headers need these before them.
#include <cstdint>
#include <ctime>

#include <spandsp.h>

// It makes macros of functions of <cmath>.
#undef lrint
#undef lrintf

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <numbers>
#include <string_view>

namespace koegura::decode {
namespace {

constexpr double kToneRate = RateReduction::kRate;
constexpr Position kPerMs = RateReduction::kRate / 1000;
// Q.24 asks for 40 ms; the edges are found to a millisecond or two.
constexpr Position kShortestTone = 36 * kPerMs;
// A lost packet within a tone does not make two of it; Q.24's pauses are 30 ms and more.
constexpr Position kLongestCrack = 25 * kPerMs;

// ---- the gate --------------------------------------------------------------------------------

constexpr std::size_t kGateSamples = 96;  // of a window: whole registers
constexpr std::size_t kGroup = 4;         // low and high frequencies (Q.23)
constexpr std::array<double, 2 * kGroup> kFrequencies = {697,  770,  852,  941,
                                                         1209, 1336, 1477, 1633};
constexpr unsigned kStaysOpen = 3;  // windows behind the last that passed

// Sums fit 32 bits: 96 samples, tables of 9 bits, and squares without their low bits.
constexpr double kTableScale = 512;
constexpr unsigned kLowBits = 3;
constexpr std::int32_t kLeastEnergy = 96 * 40;  // about -50 dBm0
// Of a window's energy: what two tones hold at least, and the weaker of them, whatever the twist
// and the deviation that spandsp takes.
constexpr double kLeastShare = 0.5;
constexpr double kLeastWeaker = 0.03;

struct Wave {
  std::array<Sample, kGateSamples> cosine{};
  std::array<Sample, kGateSamples> sine{};
};

std::array<Wave, 2 * kGroup> make_waves() {
  std::array<Wave, 2 * kGroup> waves;
  for (std::size_t f = 0; f < waves.size(); ++f) {
    for (std::size_t i = 0; i < kGateSamples; ++i) {
      const double turn =
          2 * std::numbers::pi * kFrequencies[f] * static_cast<double>(i) / kToneRate;
      waves[f].cosine[i] = static_cast<Sample>(std::lround(kTableScale * std::cos(turn)));
      waves[f].sine[i] = static_cast<Sample>(std::lround(kTableScale * std::sin(turn)));
    }
  }
  return waves;
}

const std::array<Wave, 2 * kGroup>& waves() {
  static const std::array<Wave, 2 * kGroup> kWaves = make_waves();
  return kWaves;
}

std::int32_t energy_of_gate(const Sample* samples) {
  std::int32_t energy = 0;
  for (std::size_t i = 0; i < kGateSamples; ++i) {
    const auto high = static_cast<Sample>(samples[i] >> kLowBits);
    energy += high * high;
  }
  return energy;
}

std::int32_t product(const Sample* samples, const std::array<Sample, kGateSamples>& wave) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < kGateSamples; ++i) sum += samples[i] * wave[i];
  return sum;
}

// The strongest of a group, as the energy that a tone of that frequency has in the window.
double strongest(const Sample* samples, std::size_t group) {
  double most = 0;
  for (std::size_t f = group * kGroup; f < (group + 1) * kGroup; ++f) {
    const double re = product(samples, waves()[f].cosine) / kTableScale;
    const double im = product(samples, waves()[f].sine) / kTableScale;
    most = std::max(most, re * re + im * im);
  }
  return most * 2 / kGateSamples;
}

bool passes_gate(const Sample* samples) {
  const std::int32_t high = energy_of_gate(samples);
  if (high < kLeastEnergy) return false;
  const double energy = static_cast<double>(high) * (1U << (2 * kLowBits));
  const double low_tone = strongest(samples, 0);
  if (low_tone < kLeastWeaker * energy) return false;
  const double high_tone = strongest(samples, 1);
  return high_tone >= kLeastWeaker * energy && low_tone + high_tone >= kLeastShare * energy;
}

// ---- the edges -------------------------------------------------------------------------------

// So many samples tell whether the tone sounds in their middle.
constexpr std::size_t kLook = 6 * kPerMs;
constexpr Position kLookStep = kPerMs / 2;
// Half of the look within the tone: half of the amplitude.
constexpr double kEdgePower = 0.25;

std::array<double, 2> frequencies_of(char digit) {
  constexpr std::string_view kKeys = "123A456B789C*0#D";
  const std::size_t key = kKeys.find(digit);
  assert(key != std::string_view::npos);
  return {kFrequencies[key / kGroup], kFrequencies[kGroup + key % kGroup]};
}

// Power of one frequency, a sample (Goertzel).
double power_of(std::span<const Sample> samples, double hertz) {
  const double coefficient = 2 * std::cos(2 * std::numbers::pi * hertz / kToneRate);
  double s1 = 0;
  double s2 = 0;
  for (const Sample sample : samples) {
    const double s0 = sample + coefficient * s1 - s2;
    s2 = s1;
    s1 = s0;
  }
  const auto count = static_cast<double>(samples.size());
  return (s1 * s1 + s2 * s2 - coefficient * s1 * s2) / (count * count);
}

dtmf_rx_state_s* new_receiver(dtmf_rx_state_s* state) {
  return dtmf_rx_init(state, nullptr, nullptr);
}

// The first one fills tables that all share.
dtmf_rx_state_s* first_receiver() {
  static const bool kTablesFilled = [] {
    dtmf_rx_free(new_receiver(nullptr));
    return true;
  }();
  static_cast<void>(kTablesFilled);
  return new_receiver(nullptr);
}

}  // namespace

void ToneDigits::Free::operator()(dtmf_rx_state_s* state) const {
  dtmf_rx_free(state);
}

ToneDigits::ToneDigits(std::uint32_t call_rate)
    : call_rate_(call_rate), reduction_(std::max(call_rate, RateReduction::kRate)) {
  if (call_rate >= RateReduction::kRate) receiver_.reset(first_receiver());
}

ToneDigits::~ToneDigits() = default;

void ToneDigits::on_report(void* self, int code, int /*level*/, int /*delay*/) {
  auto& digits = *static_cast<ToneDigits*>(self);
  if (digits.reported_ < digits.reports_.size()) digits.reports_[digits.reported_++] = code;
}

void ToneDigits::add(std::span<const Sample> samples) {
  if (!receiver_) return;
  reduction_.convert(samples, [this](std::span<const Sample> part) {
    while (!part.empty()) {
      const std::size_t count = std::min(part.size(), kWindow - filled_);
      std::copy_n(part.begin(), count, history_.end() - kWindow + filled_);
      filled_ += count;
      part = part.subspan(count);
      if (filled_ == kWindow) take_window();
    }
  });
}

void ToneDigits::take_window() {
  at_ += kWindow;
  filled_ = 0;
  const bool passes = passes_gate(history_.end() - kWindow);
  if (passes && open_ == 0) {
    new_receiver(receiver_.get());
    dtmf_rx_set_realtime_callback(receiver_.get(), on_report, this);
  }
  if (passes) open_ = kStaysOpen + 1;
  if (open_ > 0) judge();
  std::copy(history_.begin() + kWindow, history_.end(), history_.begin());
}

void ToneDigits::judge() {
  constexpr Position kLength = kWindow;
  reported_ = 0;
  dtmf_rx(receiver_.get(), history_.end() - kWindow, kWindow);
  // What spandsp reports it has seen in this window and the one before: a digit in both of them,
  // its end in neither.
  for (std::size_t i = 0; i < reported_; ++i) {
    if (candidate_) end(at_ - 2 * kLength - kLength / 2);
    if (reports_[i] != 0) begin(static_cast<char>(reports_[i]));
  }
  if (--open_ > 0) return;
  if (candidate_) end(at_ - 2 * kLength - kLength / 2);
}

void ToneDigits::begin(char digit) {
  constexpr Position kLength = kWindow;
  Candidate tone{.digit = digit, .from = 0, .power = {}};
  const std::array<double, 2> hertz = frequencies_of(digit);
  for (std::size_t i = 0; i < hertz.size(); ++i) {
    tone.power[i] = power_of(history(at_ - kLength, kWindow), hertz[i]);
  }
  const Position earliest = at_ - (kHistory - 1) * kLength + static_cast<Position>(kLook);
  Position from = at_ - kLength - kLength / 2;
  while (from > std::max<Position>(earliest, 0) && sounds_at(tone, from)) from -= kLookStep;
  tone.from = std::max<Position>(from, 0);
  candidate_ = tone;
}

void ToneDigits::end(Position sounded_until) {
  const Candidate tone = *candidate_;
  candidate_.reset();
  Position to = std::max(sounded_until, tone.from);
  while (to < at_ && sounds_at(tone, to)) to += kLookStep;
  if (!tones_.empty() && tones_.back().digit == tone.digit &&
      in_call(tone.from - kLongestCrack) <= tones_.back().to) {
    tones_.back().to = in_call(to);
    return;
  }
  if (to - tone.from < kShortestTone || tones_.size() >= kMaxTones) return;
  tones_.push_back({.digit = tone.digit, .from = in_call(tone.from), .to = in_call(to)});
}

bool ToneDigits::sounds_at(const Candidate& tone, Position middle) const {
  const Position from = middle - static_cast<Position>(kLook / 2);
  const std::array<double, 2> hertz = frequencies_of(tone.digit);
  const std::span<const Sample> samples = history(from, kLook);
  return power_of(samples, hertz[0]) >= kEdgePower * tone.power[0] &&
         power_of(samples, hertz[1]) >= kEdgePower * tone.power[1];
}

// As far as there are samples, and the end of them is in the newest window.
std::span<const Sample> ToneDigits::history(Position from, std::size_t count) const {
  const Position oldest = at_ - static_cast<Position>(history_.size());
  const Position begin = std::clamp<Position>(from - oldest, 0, history_.size());
  const auto first = static_cast<std::size_t>(begin);
  return std::span(history_).subspan(first, std::min(count, history_.size() - first));
}

void ToneDigits::finish() {
  if (!receiver_) return;
  // Silence behind the last sample ends what sounds.
  constexpr std::array<Sample, kWindow> kSilence{};
  for (unsigned i = 0; i <= kStaysOpen + 1; ++i) {
    const std::size_t count = kWindow - filled_;
    std::copy_n(kSilence.begin(), count, history_.end() - kWindow + filled_);
    filled_ = kWindow;
    take_window();
  }
}

std::optional<Position> ToneDigits::sounding_since() const {
  if (!candidate_ || at_ - candidate_->from < kShortestTone) return std::nullopt;
  return in_call(candidate_->from);
}

Position ToneDigits::in_call(Position position) const {
  return position * call_rate_ / RateReduction::kRate;
}

}  // namespace koegura::decode
