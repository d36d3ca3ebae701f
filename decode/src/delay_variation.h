// DelayVariation: how much later than the quickest packets the others came (RFC 5481 §4.2), from
// arrivals and RTP timestamps. Of every ten seconds by themselves, so that a sender's clock that
// drifts (100 ppm are 1 ms then) is not taken for delay.
//
//   (add* restart?)* finish
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "capture/time.h"

namespace koegura::decode {

class DelayVariation {
 public:
  static constexpr Duration kStretch = std::chrono::seconds(10);

  // ClockLine::rate of the sender: beyond the drift of telephones, its clock is not taken for
  // delay.
  void know_rate(double rate) { rate_ = rate; }
  // In order of arrival. clock_rate is not 0.
  void add(Timestamp arrival, std::uint32_t timestamp, std::uint32_t clock_rate);
  // What comes next stands on another clock, or after a pause of it.
  void restart();
  void finish() { restart(); }

  // Milliseconds, to half of one: the part of the packets (0 to 1) is not above it. 0 if there was
  // none. After finish.
  [[nodiscard]] double percentile(double part) const;
  [[nodiscard]] double max_ms() const { return max_ms_; }

 private:
  // A stretch holds so many packets at most; 10 ms packets are half of that.
  static constexpr std::size_t kMaxDelays = 2048;
  static constexpr std::size_t kBins = 2001;  // of 0.5 ms; the last one is all beyond
  void end_stretch();

  double rate_ = 1;
  bool running_ = false;
  Timestamp stretch_from_;
  Timestamp last_arrival_;
  std::uint32_t last_timestamp_ = 0;
  double ahead_ms_ = 0;              // of the stretch's first packet: arrival - timestamp
  std::vector<float> delays_;        // of the stretch, against its first packet
  std::vector<std::uint32_t> bins_;  // empty until there is one
  std::uint64_t packets_ = 0;
  double max_ms_ = 0;
};

}  // namespace koegura::decode
