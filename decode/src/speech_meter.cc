#include "speech_meter.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>

#include "level_envelope.h"

namespace koegura::decode {
namespace {

constexpr std::uint32_t kFramesPerSecond = 50;
constexpr double kMargin = 15.9;      // dB, P.56 §7.2
constexpr double kLeastSpeech = -50;  // dBov
constexpr unsigned kStepsPerOctave = 2;
// Of the largest values that G.711 knows, A-law's is 32,256 and mu-law's 32,124.
constexpr int kLargest = 32'000;
// A peak of a wave that is not clipped has no two neighbours of its height.
constexpr std::uint32_t kFlatTop = 3;

// 0: below 2. Then two steps for each doubling.
std::size_t step_of(std::uint64_t mean_square) {
  if (mean_square < kStepsPerOctave) return 0;
  const auto octave = static_cast<unsigned>(std::bit_width(mean_square)) - 1;
  return std::size_t{octave} * kStepsPerOctave + (mean_square >> (octave - 1) & 1U);
}

// The least mean square of a step.
double power_of(std::size_t step) {
  const double octave = std::ldexp(1.0, static_cast<int>(step / kStepsPerOctave));
  return step % kStepsPerOctave == 0 ? octave : octave * 1.5;
}

bool reaches_top(std::span<const Sample> samples) {
  constexpr std::size_t kAtOnce = 16;  // a loop of known length becomes vector code
  for (; samples.size() >= kAtOnce; samples = samples.subspan(kAtOnce)) {
    unsigned high = 0;
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      high |= static_cast<unsigned>(samples[i] >= kLargest || samples[i] <= -kLargest);
    }
    if (high != 0) return true;
  }
  return std::any_of(samples.begin(), samples.end(),
                     [](Sample sample) { return sample >= kLargest || sample <= -kLargest; });
}

}  // namespace

SpeechMeter::SpeechMeter(std::uint32_t call_rate, Position from)
    : call_rate_(call_rate),
      frame_samples_(call_rate / kFramesPerSecond),
      skip_(std::max<Position>(0, from)),
      both_(kLevels * kLevels) {}

void SpeechMeter::add(const std::array<std::span<const Sample>, 2>& planes) {
  std::size_t at =
      static_cast<std::size_t>(std::min(skip_, static_cast<Position>(planes[0].size())));
  skip_ -= static_cast<Position>(at);
  while (at < planes[0].size()) {
    const std::size_t count =
        std::min<std::size_t>(frame_samples_ - in_frame_, planes[0].size() - at);
    for (std::size_t i = 0; i < planes.size(); ++i) {
      const std::span<const Sample> part = planes[i].subspan(at, count);
      const std::uint64_t energy = energy_of(part);
      sides_[i].frame_energy += energy;
      count_clipped(sides_[i], part);
    }
    at += count;
    in_frame_ += static_cast<std::uint32_t>(count);
    if (in_frame_ == frame_samples_) end_frame();
  }
}

void SpeechMeter::count_clipped(Side& side, std::span<const Sample> samples) {
  if (!reaches_top(samples)) {
    side.flat = 0;
    return;
  }
  for (const Sample sample : samples) {
    side.flat = std::abs(int{sample}) >= kLargest ? side.flat + 1 : 0;
    if (side.flat == kFlatTop) side.clipped += kFlatTop;
    if (side.flat > kFlatTop) ++side.clipped;
  }
}

void SpeechMeter::end_frame() {
  std::array<std::size_t, 2> held{};
  for (std::size_t i = 0; i < sides_.size(); ++i) {
    Side& side = sides_[i];
    const std::size_t step = std::min(step_of(side.frame_energy / frame_samples_), kLevels - 1);
    side.energy[step] += side.frame_energy;
    ++side.frames[step];
    side.latest[frame_count_ % kHangover] = static_cast<std::uint8_t>(step);
    side.frame_energy = 0;
    held[i] = *std::max_element(side.latest.begin(), side.latest.end());
  }
  ++both_[held[0] * kLevels + held[1]];
  ++frame_count_;
  in_frame_ = 0;
}

double SpeechMeter::dbov(std::uint64_t energy, std::uint64_t frames) const {
  return dbov_of(static_cast<double>(energy) /
                 (static_cast<double>(frames) * static_cast<double>(frame_samples_)));
}

double SpeechMeter::seconds(std::uint64_t frames) const {
  return static_cast<double>(frames) * frame_samples_ / call_rate_;
}

std::size_t SpeechMeter::threshold(const Side& side) const {
  std::uint64_t energy = 0;
  std::uint64_t frames = 0;
  std::size_t found = kLevels;  // no level is above
  for (std::size_t step = kLevels; step-- > 0;) {
    const double edge = dbov_of(power_of(step));
    if (edge < kLeastSpeech) break;
    energy += side.energy[step];
    frames += side.frames[step];
    if (frames == 0) continue;
    if (dbov(energy, frames) - edge <= kMargin) found = step;
  }
  return found;
}

CallSpeech SpeechMeter::finish() const {
  CallSpeech speech;
  speech.length_s = seconds(frame_count_);
  const std::array<std::size_t, 2> from = {threshold(sides_[0]), threshold(sides_[1])};
  std::array<std::uint64_t, 2> talk{};
  std::uint64_t together = 0;
  for (std::size_t caller = 0; caller < kLevels; ++caller) {
    for (std::size_t callee = 0; callee < kLevels; ++callee) {
      const std::uint32_t frames = both_[caller * kLevels + callee];
      if (caller >= from[0]) talk[0] += frames;
      if (callee >= from[1]) talk[1] += frames;
      if (caller >= from[0] && callee >= from[1]) together += frames;
    }
  }
  speech.double_talk_s = seconds(together);
  for (std::size_t i = 0; i < sides_.size(); ++i) {
    ChannelSpeech& channel = speech.channels[i];
    std::uint64_t energy = 0;
    std::uint64_t frames = 0;
    for (std::size_t step = from[i]; step < kLevels; ++step) {
      energy += sides_[i].energy[step];
      frames += sides_[i].frames[step];
    }
    if (frames != 0) channel.level_dbov = dbov(energy, frames);
    channel.talk_s = seconds(talk[i]);
    const double samples = static_cast<double>(frame_count_) * frame_samples_;
    if (samples > 0) channel.clipping = static_cast<double>(sides_[i].clipped) / samples;
  }
  return speech;
}

}  // namespace koegura::decode
