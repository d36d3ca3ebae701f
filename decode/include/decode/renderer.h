// render: FinishedCall → RenderedCall. Places audio by RTP timestamps, decodes, resamples to the
// call's rate, and encodes stereo FLAC. Threads: any number at once, each with its own call. Blocks
// on the spool's disk.
#pragma once

#include <string>

#include "capture/error.h"
#include "decode/rendered_call.h"

namespace koegura::decode {

struct RenderOptions {
  std::string temporary_directory;          // for long calls' FLAC frames; on the archive's disk
  std::uint32_t memory_limit = 32U << 20U;  // FLAC bytes a call may hold in memory
  // Digits that a party pressed (telephone events, SIP INFO, tones) appear nowhere: not in digits,
  // samples, levels, sketches and waveform, and RenderedStream::redacted names the packets that
  // would tell them. What RenderedCall::call holds is as it was.
  bool redact_digits = false;
};

// Fails only if the spool cannot be read or the temporary file cannot be written. A codec that
// cannot be decoded is no failure: its packets stay and spans and silent_because say why. The call
// moves into what is given; after a failure it is still where it was.
[[nodiscard]] Result<RenderedCall> render(capture::FinishedCall&& call,
                                          const RenderOptions& options);

}  // namespace koegura::decode
