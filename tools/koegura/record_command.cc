// koegura record: captures or what an interface hears in, archived calls out.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <ctime>

#include "accounting_report.h"
#include "command.h"
#include "json.h"
#include "recorder.h"
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

// REQUIRES: no thread but this one runs, so that those to come inherit what is blocked.
void block_signals(int how) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(how, &signals, nullptr);
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
    options.texts("--interface,-i", "IF", live_.interfaces,
                  "network interfaces to listen to, until a signal comes");
    options.texts("--dpdk", "PORT", live_.dpdk_ports,
                  "DPDK ports to listen to: a number, PCI address or name; EAL's arguments follow "
                  "after --");
    options.text("--filter", "BPF", live_.filter,
                 "of live sources, frames that match alone, as in pcap-filter(7); fragments and "
                 "tunnels pass");
    options.rest(live_.eal_arguments);
  }

  Result<void> run(const Session& session) override {
    if (auto one = check_input(); !one) return one;
    Result<RecordResult> result = files_.empty() ? record_live(session) : record_files(session);
    if (!result) return tl::make_unexpected(std::move(result.error()));
    print(result->accounting, session.json);
    return verdict(*result);
  }

 private:
  [[nodiscard]] Result<void> check_input() const {
    const int kinds = static_cast<int>(!files_.empty()) +
                      static_cast<int>(!live_.interfaces.empty()) +
                      static_cast<int>(!live_.dpdk_ports.empty());
    if (kinds != 1) {
      return failure("record: what to record: one of --read FILE, --interface IF, --dpdk PORT",
                     ErrorKind::kUsage);
    }
    if (!live_.eal_arguments.empty() && live_.dpdk_ports.empty()) {
      return failure("record: '" + live_.eal_arguments.front() +
                         "' is one word too many: arguments of DPDK's EAL go with --dpdk",
                     ErrorKind::kUsage);
    }
    if (!live_.filter.empty() && !files_.empty()) {
      return failure(
          "record: --filter goes with --interface or --dpdk: a file is read whole, or filtered "
          "before with tcpdump -r FILE -w OUT FILTER",
          ErrorKind::kUsage);
    }
    return {};
  }

  Result<RecordResult> record_files(const Session& session) const {
    auto input = ReplayInput::open(files_);
    if (!input) return tl::make_unexpected(std::move(input.error()));
    catch_signals();
    return replay(std::move(*input), session, stop_asked);
  }

  Result<RecordResult> record_live(const Session& session) const {
    block_signals(SIG_BLOCK);
    catch_signals();
    auto recorder = Recorder::start(session, live_);
    if (!recorder) return tl::make_unexpected(std::move(recorder.error()));
    (*recorder)->run(stop_asked);
    block_signals(SIG_UNBLOCK);  // who is in a hurry may ask again
    return (*recorder)->finish();
  }

  // The last problem is the command's error; those before it are shown here.
  static Result<void> verdict(const RecordResult& result) {
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
  LiveInput live_;
};

}  // namespace

std::unique_ptr<Command> make_record_command() {
  return std::make_unique<RecordCommand>();
}

}  // namespace koegura::tools
