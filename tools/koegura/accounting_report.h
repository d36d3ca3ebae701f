// accounting_report: what became of every frame and every call of a run, for people and for
// programs, and kept in the archive for `koegura status`.
#pragma once

#include <string>
#include <vector>

#include "capture/capture.h"
#include "capture/error.h"
#include "output.pb.h"
#include "store/finisher.h"

namespace koegura::tools {

void set_frames(Frames& frames, const capture::Accounting& accounting);
void set_calls(Calls& calls, const store::FinisherStats& stats);

// "frames received 12 = sip 10 + rtp 2" and "calls seen 1 = archived 1"; zero terms are left out.
[[nodiscard]] std::vector<std::string> accounting_lines(const Accounting& accounting);
// "2 in progress: kept in the spool, the next start goes on with them", of a recorder that has
// stopped; empty if it kept none.
[[nodiscard]] std::string kept_line(const Accounting& accounting);
// Why the sums do not hold, or empty.
[[nodiscard]] std::string imbalance(const Accounting& accounting);

// DIR/accounting.json
[[nodiscard]] Result<void> save_accounting(const std::string& archive,
                                           const Accounting& accounting);
// kNotFound if no run has been kept.
[[nodiscard]] Result<Accounting> load_accounting(const std::string& archive);
// Into `last_record`, or what is wrong with it: a status is there without it, too.
void add_last_record(const std::string& archive, Status& status);

}  // namespace koegura::tools
