#include "verify_bundle.h"

#include <cstdio>

#include "evidence.pb.h"
#include "json.h"
#include "progress.h"
#include "quantity_text.h"
#include "scrub_report.h"
#include "store/bundle_audit.h"
#include "text_width.h"
#include "time_text.h"

namespace koegura::tools {

namespace {

void print_fault(const store::BundleFault& fault, bool json) {
  BundleProblem problem;
  problem.set_where(printable(fault.where));
  problem.set_what(printable(fault.what));
  std::puts((json ? json_of(problem) : problem.where() + ": " + problem.what()).c_str());
  std::fflush(stdout);
}

BundleResult result_of(const store::BundleSummary& summary) {
  const LedgerEntry& exported = summary.exported;
  BundleResult result;
  result.set_bundle(printable(exported.bundle()));
  result.set_who(printable(exported.who()));
  if (exported.has_time()) *result.mutable_made() = exported.time();
  result.set_reason(printable(exported.reason()));
  result.set_ground(printable(exported.ground()));
  result.set_recipient(printable(exported.recipient()));
  result.set_ledger(summary.origin);
  result.set_key_sha256(summary.key_sha256);
  result.set_head_entries(static_cast<double>(summary.head_entries));
  result.set_calls(static_cast<double>(summary.calls));
  result.set_files(static_cast<double>(summary.files));
  result.set_bytes(static_cast<double>(summary.bytes));
  result.set_faults(static_cast<double>(summary.faults));
  result.set_complete(summary.complete);
  return result;
}

void print_text(const BundleResult& result, bool has_kept) {
  const auto line = [](const char* label, const std::string& text) {
    if (!text.empty()) std::printf("%s%s\n", padded(label, kLabelColumns).c_str(), text.c_str());
  };
  line("bundle", result.bundle());
  if (result.has_made()) line("made", local_time(time_of(result.made())) + " by " + result.who());
  line("reason", result.reason());
  line("ground", result.ground());
  line("recipient", result.recipient());
  line("key", result.key_sha256());
  line("ledger", result.ledger() + ", " +
                     plural(static_cast<std::uint64_t>(result.head_entries()), "signed line"));
  line("read", plural(static_cast<std::uint64_t>(result.files()), "file") + ", " +
                   bytes_text(static_cast<std::uint64_t>(result.bytes())) + ": " +
                   plural(static_cast<std::uint64_t>(result.calls()), "call"));
  if (result.faults() > 0 || !result.complete()) return;
  std::puts(
      "Every file is the one exported: the manifest is signed with this key, each call is proved "
      "to "
      "be in the ledger, its record is the one archived there, and its audio the one of the "
      "record.");
  std::puts(has_kept ? "The head kept is signed with the same key."
                     : "Whose key it is, compare with the one that the archive's owner names.");
}

}  // namespace

Result<void> verify_bundle(const std::string& path, const std::string& kept, bool json) {
  Progress progress("verifying", "B");
  const auto summary = store::audit_bundle(
      path, {.kept = kept,
             .fault =
                 [&](const store::BundleFault& fault) {
                   progress.clear();
                   print_fault(fault, json);
                 },
             .progress = [&](std::uint64_t bytes) { progress.update(bytes, 0); },
             .stop = stop_on_signal()});
  progress.clear();
  if (!summary) return tl::make_unexpected(summary.error());
  const BundleResult result = result_of(*summary);
  if (json) {
    std::puts(json_of(result).c_str());
  } else {
    print_text(result, !kept.empty());
  }
  std::fflush(stdout);
  if (summary->faults > 0) {
    return failure("the bundle is not what was exported (" + plural(summary->faults, "fault") +
                       "): keep it as it is, and ask for another copy",
                   ErrorKind::kVerification);
  }
  return summary->complete ? Result<void>() : failure("interrupted: not every file was read");
}

}  // namespace koegura::tools
