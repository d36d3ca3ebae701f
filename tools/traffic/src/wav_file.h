// read_wav: the samples of a RIFF WAVE file of the one kind that telephones speak: PCM, 8,000 Hz,
// 16 bits, one channel.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "capture/error.h"

namespace koegura::traffic {

// Errors name the file and what else it is.
[[nodiscard]] Result<std::vector<std::int16_t>> read_wav(const std::string& path);

}  // namespace koegura::traffic
