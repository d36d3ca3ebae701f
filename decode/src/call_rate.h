// call_rate: the sample rate of a call's audio: the highest that any of its streams needs.
#pragma once

#include <cstdint>

#include "capture/error.h"
#include "capture/finished_call.h"

namespace koegura::decode {

// Asks SDP first; where that leaves a choice, looks which payload types were really sent, which
// costs one more reading of the stream's packets.
[[nodiscard]] Result<std::uint32_t> call_rate(const capture::FinishedCall& call);

}  // namespace koegura::decode
