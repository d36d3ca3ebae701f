// The digits of a call, from all ways in which they are told: events in RTP, SIP INFO, tones.
#pragma once

#include <array>
#include <vector>

#include "decode/rendered_call.h"
#include "tone_digits.h"

namespace koegura::decode {

// In order of time. A tone that an event or an INFO of the same side tells too, at about its time,
// is one digit with it: the event, or the INFO, stands. tones: of the caller's channel, of the
// callee's, in samples at call_rate.
[[nodiscard]] std::vector<Digit> digits_of(const capture::FinishedCall& call,
                                           const std::vector<Digit>& events,
                                           const std::array<const std::vector<Tone>*, 2>& tones,
                                           std::uint32_t call_rate);

}  // namespace koegura::decode
