// ToneDigits: the samples of one channel → the digits that were pressed in it as tones (DTMF, ITU-T
// Q.23), as Q.24's receivers take them: tones of 40 ms and more are digits, shorter than 23 ms
// none.
//
//   add* finish
//
// spandsp judges windows of 12.75 ms. A gate before it asks, at a fraction of the cost, whether two
// of the eight frequencies hold a window's power at all: silence and most of speech end there.
// spandsp takes two windows for a digit, which speech fills now and then; so where a tone begins
// and ends is found out to a millisecond or two, and one that was too short is no digit.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "piece_queue.h"
#include "rate_reduction.h"

struct dtmf_rx_state_s;  // spandsp's

namespace koegura::decode {

// In samples of the call.
struct Tone {
  char digit = 0;
  Position from = 0;
  Position to = 0;
};

class ToneDigits {
 public:
  static constexpr std::size_t kWindow = 102;  // samples at 8 kHz, spandsp's
  // A call of more is a machine gone wild.
  static constexpr std::size_t kMaxTones = 10'000;

  // Below 8 kHz nothing is looked for.
  explicit ToneDigits(std::uint32_t call_rate);
  ~ToneDigits();
  ToneDigits(const ToneDigits&) = delete;
  ToneDigits& operator=(const ToneDigits&) = delete;

  // REQUIRES: not finished.
  void add(std::span<const Sample> samples);
  void finish();

  // Those that are over, in order.
  [[nodiscard]] const std::vector<Tone>& tones() const { return tones_; }
  // Since when there has been a tone that is a digit and goes on; nothing if there is none.
  [[nodiscard]] std::optional<Position> sounding_since() const;

 private:
  static constexpr std::size_t kHistory = 8;  // windows
  struct Free {
    void operator()(dtmf_rx_state_s* state) const;
  };
  struct Candidate {
    char digit = 0;
    Position from = 0;              // at 8 kHz
    std::array<double, 2> power{};  // of its two frequencies
  };

  static void on_report(void* self, int code, int level, int delay);
  void take_window();
  void judge();
  void begin(char digit);
  // sounded_until: a moment at which it still sounded.
  void end(Position sounded_until);
  [[nodiscard]] bool sounds_at(const Candidate& tone, Position middle) const;
  [[nodiscard]] std::span<const Sample> history(Position from, std::size_t count) const;
  [[nodiscard]] Position in_call(Position position) const;

  std::uint32_t call_rate_;
  RateReduction reduction_;
  std::unique_ptr<dtmf_rx_state_s, Free> receiver_;
  std::array<Sample, kWindow * kHistory> history_{};  // the last one is the newest
  std::size_t filled_ = 0;                            // samples of the newest window
  Position at_ = 0;                                   // at 8 kHz: where the newest window ends
  unsigned open_ = 0;                                 // windows for which the gate stays open
  std::array<int, 2> reports_{};                      // of this window
  std::size_t reported_ = 0;
  std::optional<Candidate> candidate_;
  std::vector<Tone> tones_;
};

}  // namespace koegura::decode
