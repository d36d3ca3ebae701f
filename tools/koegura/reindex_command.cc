// koegura reindex: the index anew, from the call files alone.
#include <cstdio>

#include "command.h"
#include "json.h"
#include "output.pb.h"
#include "progress.h"
#include "quantity_text.h"
#include "store/archive.h"

namespace koegura::tools {

namespace {

class ReindexCommand : public Command {
 public:
  void declare(Options& /*options*/) override {}

  Result<void> run(const Session& session) override {
    Progress progress("reindexing", "calls");
    const auto problem = [&](const std::string& path, const Error& why) {
      progress.clear();
      std::fprintf(stderr, "koegura: %s: %s\n", path.c_str(), why.message.c_str());
    };
    const auto report = store::reindex(
        session.archive, session.config.archive, problem,
        [&](std::uint64_t done, std::uint64_t total) { progress.update(done, total); });
    progress.clear();
    if (!report) return tl::make_unexpected(report.error());
    print(*report, session.json);
    if (report->problems == 0) return {};
    return failure(plural(report->problems, "call file") +
                   " could not be read and is not in the index: restore it from a copy");
  }

 private:
  static void print(const store::ReindexReport& report, bool json) {
    if (json) {
      ReindexResult result;
      result.set_calls(static_cast<double>(report.calls));
      result.set_problems(static_cast<double>(report.problems));
      result.set_resumed(static_cast<double>(report.resumed));
      std::puts(json_of(result).c_str());
    } else {
      std::printf("%s indexed", plural(report.calls, "call").c_str());
      if (report.resumed > 0) {
        std::printf(", %s of them by a reindex that was cut short",
                    count_text(report.resumed).c_str());
      }
      std::putchar('\n');
    }
    std::fflush(stdout);
  }
};

}  // namespace

std::unique_ptr<Command> make_reindex_command() {
  return std::make_unique<ReindexCommand>();
}

}  // namespace koegura::tools
