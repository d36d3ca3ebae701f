#include "record_result.h"

#include "accounting_report.h"
#include "quantity_text.h"

namespace koegura::tools {

void add_losses(RecordResult& result, const std::string& spool_error) {
  const Calls& calls = result.accounting.calls();
  if (calls.failed() > 0) {
    result.problems.push_back({plural(static_cast<std::uint64_t>(calls.failed()), "call") +
                               " could not be archived: " + calls.first_failure()});
  }
  if (!spool_error.empty()) {
    result.problems.push_back({"packets were dropped: the spool: " + spool_error});
  }
  const std::string imbalanced = imbalance(result.accounting);
  if (!imbalanced.empty()) result.problems.push_back({imbalanced});
}

}  // namespace koegura::tools
