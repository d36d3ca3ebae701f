// packing_sent: from which end a sender of G.726 fills its bytes.
//
// RFC 3551 §4.5.4 fills them from the low bit, ITU-T I.366.2 annex E (AAL2-G726-*) from the high
// one. Many a device says the one and does the other, and hears its own kind well. Read from the
// wrong end speech turns into noise, so the packets tell.
#pragma once

#include "capture/finished_call.h"
#include "codec.h"
#include "outage_map.h"

namespace koegura::decode {

// The row of the registry that reads what the stream sends as `told`: told itself, unless what it
// makes of the packets is clearly less like a voice. Costs one more reading of the stream, as far
// as it takes to tell. A spool that cannot be read is the next reading's to report. REQUIRES: told
// is a row of G.726.
[[nodiscard]] const Codec& packing_sent(const Codec& told, const capture::FinishedCall& call,
                                        const capture::FinishedStream& stream,
                                        const OutageMap& outages);

}  // namespace koegura::decode
