// SpeechMeter: when each side of a call speaks, how loudly, and when both do.
//
// Speech is told in frames of 20 ms, as ITU-T P.56 method B does it: what is less than 15.9 dB
// below the level of speech itself, and what follows that within 200 ms. That threshold (the lowest
// that satisfies the definition, so that a loud click does not hide the voice) is known only at the
// end, so frames are counted by the levels of both sides (steps of 1.5 dB), and the counts are
// asked then: 16 KB a call, whatever its length. Below -50 dBov nothing is taken for speech.
//
//   add* → finish
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "piece_queue.h"

namespace koegura::decode {

struct ChannelSpeech {
  std::optional<double> level_dbov;  // of frames with speech; nothing if there are none
  double talk_s = 0;
  double clipping = 0;  // 0 to 1: part of the samples
};

struct CallSpeech {
  std::array<ChannelSpeech, 2> channels;  // caller, callee
  double double_talk_s = 0;
  double length_s = 0;  // that was measured
};

class SpeechMeter {
 public:
  // Samples before `from` are not measured.
  SpeechMeter(std::uint32_t call_rate, Position from);

  // The call's next samples of both channels, as many of each.
  void add(const std::array<std::span<const Sample>, 2>& planes);
  [[nodiscard]] CallSpeech finish() const;

 private:
  static constexpr std::size_t kLevels = 64;    // two an octave of power
  static constexpr std::size_t kHangover = 10;  // frames
  struct Side {
    std::uint64_t frame_energy = 0;
    std::array<std::uint64_t, kLevels> energy{};  // of the frames of each level
    std::array<std::uint64_t, kLevels> frames{};
    std::array<std::uint8_t, kHangover> latest{};  // their levels
    std::uint64_t clipped = 0;                     // samples
    std::uint32_t flat = 0;                        // samples in a row at the largest value, so far
  };
  static void count_clipped(Side& side, std::span<const Sample> samples);
  void end_frame();
  // Levels from here on are speech.
  [[nodiscard]] std::size_t threshold(const Side& side) const;
  [[nodiscard]] double dbov(std::uint64_t energy, std::uint64_t frames) const;
  [[nodiscard]] double seconds(std::uint64_t frames) const;

  std::uint32_t call_rate_;
  std::uint32_t frame_samples_;
  Position skip_;               // samples still to be passed over
  std::uint32_t in_frame_ = 0;  // samples of the frame so far
  std::uint64_t frame_count_ = 0;
  std::array<Side, 2> sides_;
  std::vector<std::uint32_t> both_;  // frames by the levels held of caller and callee
};

}  // namespace koegura::decode
