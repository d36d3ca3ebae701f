// koegura record: captures in, archived calls out.
#include <atomic>
#include <csignal>
#include <cstdio>

#include "accounting_report.h"
#include "command.h"
#include "json.h"
#include "replay.h"

namespace koegura::tools {

namespace {

std::atomic<bool> stop_asked = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler writes it");

// The first signal asks for an orderly end, the second one gets the default: the end.
void catch_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { stop_asked = true; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void print(const Accounting& accounting, bool json) {
  if (json) {
    std::puts(json_of(accounting).c_str());
    return;
  }
  for (const std::string& line : accounting_lines(accounting)) std::puts(line.c_str());
}

class RecordCommand : public Command {
 public:
  void declare(Options& options) override {
    options.texts("--read", "FILE", files_,
                  "pcap or pcapng files, also .gz and .zst, '-' for standard input; read in this "
                  "order as one capture");
    options.required();
  }

  Result<void> run(const Session& session) override {
    auto input = ReplayInput::open(files_);
    if (!input) return tl::make_unexpected(std::move(input.error()));
    catch_signals();
    auto result = replay(std::move(*input), session, stop_asked);
    if (!result) return tl::make_unexpected(std::move(result.error()));
    print(result->accounting, session.json);
    return verdict(*result);
  }

 private:
  // The last problem is the command's error; those before it are shown here.
  static Result<void> verdict(const ReplayResult& result) {
    std::vector<Error> problems = result.problems;
    if (result.accounting.interrupted()) {
      problems.push_back(
          {"interrupted: the calls that had begun are archived as far as they were "
           "read"});
    }
    if (problems.empty()) return {};
    std::fflush(stdout);
    for (std::size_t i = 0; i + 1 < problems.size(); ++i) {
      std::fprintf(stderr, "koegura: %s\n", problems[i].message.c_str());
    }
    return failure(problems.back().message);
  }

  std::vector<std::string> files_;
};

}  // namespace

std::unique_ptr<Command> make_record_command() {
  return std::make_unique<RecordCommand>();
}

}  // namespace koegura::tools
