// run_conversations: the conversations of a run, one after another and at the same time.
#pragma once

#include "capture_writer.h"
#include "traffic/traffic.h"
#include "truth_file.h"

namespace koegura::traffic {

// The summary is without `frames` and `bytes`. REQUIRES: check(options), options.conversations > 0
[[nodiscard]] Result<TrafficSummary> run_conversations(const TrafficOptions& options,
                                                       CaptureWriter& writer, TruthFile& truth);

}  // namespace koegura::traffic
