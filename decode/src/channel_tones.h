// ChannelTones: the digits that were pressed as tones in one channel, whatever the sender's clock.
//
// A gateway that is 2 % fast makes its tones by that clock, too: where its samples are put into
// their true time, the tones are 2 % too high, which no receiver takes. A telephone line that it
// samples is the other way round. So where the clock is that far off, the channel is listened to a
// second time at the sender's own speed, and what either of the receivers takes is a digit.
//
//   follow? (add redact?)* finish redact? tones
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "digit_redaction.h"
#include "placed_resampler.h"
#include "tone_digits.h"

namespace koegura::decode {

class ChannelTones {
 public:
  explicit ChannelTones(std::uint32_t call_rate) : call_rate_(call_rate), heard_(call_rate) {}

  // rate: ClockLine::rate of the channel's voice.
  void follow(double rate);
  void add(std::span<const Sample> samples);
  void finish();
  // Those that are known by now, and what still sounds at the end of what was added, which is
  // `until`.
  void redact(DigitRedaction& redaction, Side side, Position until);
  // In order of their beginning, each once.
  [[nodiscard]] std::vector<Tone> tones() const;

 private:
  [[nodiscard]] Position in_call(Position by_sender) const {
    return static_cast<Position>(static_cast<double>(by_sender) * rate_);
  }

  std::uint32_t call_rate_;
  ToneDigits heard_;
  double rate_ = 1;
  std::unique_ptr<ToneDigits> sent_;  // in the sender's time; null: its clock is right enough
  PlacedResampler to_sent_;
  SampleBuffer buffer_;
  std::size_t redacted_heard_ = 0;  // so many of the tones
  std::size_t redacted_sent_ = 0;
};

}  // namespace koegura::decode
