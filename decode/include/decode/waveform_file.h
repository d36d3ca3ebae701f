// waveform.dat: an overview of a call for viewers (its layout: decode/src/waveform.h).
#pragma once

#include <cstdint>
#include <string_view>

#include "capture/frame.h"

namespace koegura::decode {

// What is wrong with such a file as the overview of so many samples a channel ("is cut off"), or
// empty.
[[nodiscard]] std::string_view flaw_of_waveform(capture::Bytes file, std::uint64_t samples);

}  // namespace koegura::decode
