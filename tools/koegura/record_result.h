// RecordResult: how a recording ended, live or from files: the accounting, and what went wrong.
#pragma once

#include <string>
#include <vector>

#include "capture/error.h"
#include "output.pb.h"

namespace koegura::tools {

struct RecordResult {
  Accounting accounting;
  // Damage in the input, sources that failed, calls not archived, sums that do not hold.
  std::vector<Error> problems;
  std::string remark{};  // worth knowing, and no problem; else empty
};

// Adds what the accounting itself says went wrong, and the spool's last error (empty if none).
void add_losses(RecordResult& result, const std::string& spool_error);
// The same of a live recorder, which keeps the packets of calls that it could not archive.
void add_live_losses(RecordResult& result, const std::string& spool_error);

// Where a kind of recorder keeps its segments: each removes only its own, as what a killed live
// recorder left behind is all there is of its last calls.
inline constexpr const char* kReplaySpool = "read-";

}  // namespace koegura::tools
