// status_report: the archive and its recorder on one screen.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "capture/time.h"
#include "output.pb.h"
#include "store/archive.h"

namespace koegura::tools {

inline constexpr double kFewDays = 30;  // that the disk lasts: time to buy another

[[nodiscard]] Status status_of(const std::string& directory, const store::ArchiveSummary& summary);
// Back again; free of rounding up to 2^53.
[[nodiscard]] store::ArchiveSummary summary_of(const Status& status);

// The part above "archive": running, hearing, losing, calls. `now` for "3 s ago".
[[nodiscard]] std::vector<std::string> recorder_lines(const RecorderStatus& recorder,
                                                      Timestamp now);
// The archive, its disk, and the last run if there was one.
[[nodiscard]] std::vector<std::string> archive_lines(const Status& status);

// "hearing SIP and RTP", by what came since the start; findings say more.
[[nodiscard]] std::string hearing_text(const HearingStatus& hearing);
// "3 days 4:05:06", "0:12"
[[nodiscard]] std::string uptime_text(double seconds);
// A label and its text, as every line of status is.
[[nodiscard]] std::string status_line(std::string_view label, const std::string& text);

}  // namespace koegura::tools
