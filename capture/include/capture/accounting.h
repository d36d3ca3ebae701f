// Accounting: every frame received has exactly one outcome; the sum is checked at every stop.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "capture/defect.h"

namespace koegura::capture {

enum class Outcome : std::uint8_t {
  kSip,
  kRtp,
  kRtcp,
  kT38,
  kDuplicate,  // a copy of a packet that was recorded
  kNotVoip,
  kUnclaimed,  // looked like RTP, but never became a stream
};
inline constexpr std::size_t kOutcomeCount = 7;
[[nodiscard]] std::string_view name_of(Outcome outcome);  // "sip", "not_voip"

enum class Drop : std::uint8_t {
  kSpoolFull,    // the spool's disk refused the packet
  kHandOffFull,  // the signalling thread was too far behind
};
inline constexpr std::size_t kDropCount = 2;
[[nodiscard]] std::string_view name_of(Drop drop);  // "spool_full"

// Written by one thread. pending() counts frames whose outcome is not known yet (fragments,
// held RTP, TCP segments out of order); it is zero after the end of the input.
struct Accounting {
  std::uint64_t received = 0;
  std::array<std::uint64_t, kOutcomeCount> outcomes{};
  std::array<std::uint64_t, kDefectCount> malformed{};
  std::array<std::uint64_t, kDropCount> dropped{};

  void count(Outcome outcome, std::uint64_t frames = 1) {
    outcomes[static_cast<std::size_t>(outcome)] += frames;
  }
  void count(Defect defect, std::uint64_t frames = 1) {
    malformed[static_cast<std::size_t>(defect)] += frames;
  }
  void count(Drop drop, std::uint64_t frames = 1) {
    dropped[static_cast<std::size_t>(drop)] += frames;
  }
  [[nodiscard]] std::uint64_t operator[](Outcome outcome) const {
    return outcomes[static_cast<std::size_t>(outcome)];
  }
  [[nodiscard]] std::uint64_t accounted() const;
  // Adds another thread's counters of the same source.
  Accounting& operator+=(const Accounting& other);
  // Of a running tap the threads tell their figures one after the other: never below zero.
  [[nodiscard]] std::uint64_t pending() const {
    const std::uint64_t sum = accounted();
    return sum < received ? received - sum : 0;
  }
};

}  // namespace koegura::capture
