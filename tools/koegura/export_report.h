// export_report: the list of an export, for people: a CSV file that Excel opens (UTF-8 with a byte
// order mark), in Japanese and English.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "change.pb.h"
#include "record.pb.h"

namespace koegura::tools {

struct ExportFacts {
  std::string bundle;
  std::string time;  // as people read it
  std::string who;
  std::string reason;
  std::string ground;
  std::string recipient;
};

// One call, a field a column.
using ReportRow = std::vector<std::string>;

// `damage`: why the call is not in the bundle; empty if it is.
[[nodiscard]] ReportRow report_row(const CallRecord& record, const ArchivedCallEntry& archived,
                                   const std::string& damage, const std::string& region);
[[nodiscard]] std::string export_report(const ExportFacts& facts,
                                        const std::vector<ReportRow>& rows);

}  // namespace koegura::tools
