// read_faxes: the faxes of a call out of its T.38 streams.
#pragma once

#include "capture/error.h"
#include "capture/finished_call.h"
#include "decode/fax.h"

namespace koegura::decode {

// Reads each stream once, both sides together in order of time. Of several streams of one side at
// one time (hops) that with the most packets is listened to. Fails only if the spool cannot be
// read.
[[nodiscard]] Result<FaxDocument> read_faxes(const capture::FinishedCall& call);

}  // namespace koegura::decode
