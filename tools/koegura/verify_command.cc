// koegura verify: every call of the archive read again, as fast as it goes.
#include <chrono>

#include "command.h"
#include "progress.h"
#include "scrub_report.h"
#include "store/scrub.h"

namespace koegura::tools {

namespace {

class VerifyCommand : public Command {
 public:
  void declare(Options& /*options*/) override {}

  Result<void> run(const Session& session) override {
    // Beside a recorder, too: it is the files that are asked, and not the recorder.
    const auto archive =
        store::Archive::open(session.archive, store::OpenMode::kRead, session.config.archive);
    if (!archive) return tl::make_unexpected(archive.error());
    const auto summary = (*archive)->summary();
    if (!summary) return tl::make_unexpected(summary.error());

    Progress progress("verifying", "B");
    const auto report = store::scrub(
        **archive, {}, stop_on_signal(),
        [&](const store::Damage& damage) {
          progress.clear();
          print_damaged(damaged_call(damage, std::chrono::system_clock::now()), session.json);
        },
        [&](const store::ScrubReport& now) { progress.update(now.bytes, summary->file_bytes); });
    progress.clear();
    if (!report) return tl::make_unexpected(report.error());
    ScrubResult result;
    result.set_calls(static_cast<double>(report->calls));
    result.set_bytes(static_cast<double>(report->bytes));
    result.set_damaged(static_cast<double>(report->damaged));
    result.set_complete(report->at_end);
    print_result(result, session.json);
    return verdict_of(result, "not every call was read");
  }
};

}  // namespace

std::unique_ptr<Command> make_verify_command() {
  return std::make_unique<VerifyCommand>();
}

}  // namespace koegura::tools
