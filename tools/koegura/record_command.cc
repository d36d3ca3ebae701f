// koegura record: captures in, archived calls out.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <ctime>

#include "accounting_report.h"
#include "command.h"
#include "json.h"
#include "replay.h"

namespace koegura::tools {

namespace {

std::atomic<bool> stop_asked = false;
std::atomic<std::time_t> stop_asked_at = 0;
int end_of_input = -1;  // /dev/null
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler writes it");
static_assert(std::atomic<std::time_t>::is_always_lock_free, "a signal handler writes it");

// The first signal asks for an orderly end, one two seconds later or more ends the program.
// Not at once: timeout(1) and some supervisors send each signal twice.
void on_signal(int signal) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (!stop_asked) {
    stop_asked_at = now.tv_sec;
    stop_asked = true;
    dup2(end_of_input, STDIN_FILENO);  // a read that waits for more goes on, and finds the end
  } else if (now.tv_sec > stop_asked_at + 1) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

void catch_signals() {
  end_of_input = open("/dev/null", O_RDONLY | O_CLOEXEC);
  struct sigaction action {};
  action.sa_handler = on_signal;
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
