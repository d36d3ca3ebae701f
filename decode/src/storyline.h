// Storyline: what signalling says about the call's time: spans of ringing, talk, hold and
// transfer, and the chapters a player shows.
#pragma once

#include <vector>

#include "decode/rendered_call.h"
#include "span_list.h"

namespace koegura::decode {

// length_s: of the audio, or of the call where it has none. Hold spans do not overlap: while both
// are held there is one span without a channel. A transfer whose outcome nobody told lasts to the
// call's end.
void add_signalled_spans(const capture::FinishedCall& call, double length_s, SpanList& spans);

// In order, not overlapping: a transfer goes before a hold, a hold before the talk.
[[nodiscard]] std::vector<Chapter> chapters_of(const capture::FinishedCall& call, double length_s);

}  // namespace koegura::decode
