// Storyline: what signalling says about the call's time: spans of ringing, talk and hold, and the
// chapters a player shows.
#pragma once

#include <vector>

#include "decode/rendered_call.h"
#include "span_list.h"

namespace koegura::decode {

// length_s: of the audio, or of the call where it has none.
void add_signalled_spans(const capture::FinishedCall& call, double length_s, SpanList& spans);

// In order, not overlapping.
[[nodiscard]] std::vector<Chapter> chapters_of(const capture::FinishedCall& call, double length_s);

}  // namespace koegura::decode
