#include "record_result.h"

#include "accounting_report.h"
#include "quantity_text.h"

namespace koegura::tools {

namespace {

void add(RecordResult& result, const std::string& spool_error, const char* of_failed_calls) {
  const Calls& calls = result.accounting.calls();
  if (calls.failed() > 0) {
    result.problems.push_back({plural(static_cast<std::uint64_t>(calls.failed()), "call") +
                               " could not be archived: " + calls.first_failure() +
                               of_failed_calls});
  }
  if (!spool_error.empty()) {
    result.problems.push_back({"packets were dropped: the spool: " + spool_error});
  }
  const std::string imbalanced = imbalance(result.accounting);
  if (!imbalanced.empty()) result.problems.push_back({imbalanced});
}

}  // namespace

void add_losses(RecordResult& result, const std::string& spool_error) {
  add(result, spool_error, "");
}

void add_live_losses(RecordResult& result, const std::string& spool_error) {
  add(result, spool_error,
      "; their packets are kept in the spool, and the next start tries them again");
}

}  // namespace koegura::tools
