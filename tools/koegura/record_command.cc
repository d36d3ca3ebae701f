// koegura record: captures or what an interface hears in, archived calls out.
#include <cstdio>

#include "accounting_report.h"
#include "asked.h"
#include "command.h"
#include "json.h"
#include "recorder.h"
#include "replay.h"

namespace koegura::tools {

namespace {

void print(const Accounting& accounting, bool json) {
  if (json) {
    std::puts(json_of(accounting).c_str());
    return;
  }
  for (const std::string& line : accounting_lines(accounting)) std::puts(line.c_str());
  if (const std::string kept = kept_line(accounting); !kept.empty()) std::puts(kept.c_str());
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
    if (files_.empty() && live_.interfaces.empty() && live_.dpdk_ports.empty()) {
      live_.interfaces = session.config.interfaces;
      live_.dpdk_ports = session.config.dpdk_ports;
    }
    if (auto one = check_input(); !one) return one;
    Result<RecordResult> result = files_.empty() ? record_live(session) : record_files(session);
    if (!result) return tl::make_unexpected(std::move(result.error()));
    print(result->accounting, session.json);
    if (!result->remark.empty()) std::fprintf(stderr, "koegura: %s\n", result->remark.c_str());
    return verdict(*result);
  }

 private:
  [[nodiscard]] Result<void> check_input() const {
    const int kinds = static_cast<int>(!files_.empty()) +
                      static_cast<int>(!live_.interfaces.empty()) +
                      static_cast<int>(!live_.dpdk_ports.empty());
    if (kinds != 1) {
      return failure(
          "record: what to record: one of --read FILE, --interface IF, --dpdk PORT, or "
          "recorder.interfaces or recorder.dpdk_ports in koegura.toml",
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
    catch_signals(SignalsOf::kReplay);
    return replay(std::move(*input), session, asked().stop);
  }

  Result<RecordResult> record_live(const Session& session) const {
    catch_signals(SignalsOf::kRecorder);
    auto recorder = Recorder::start(session, live_);
    if (!recorder) return tl::make_unexpected(std::move(recorder.error()));
    (*recorder)->run(asked());
    let_signals_through();  // who is in a hurry may ask again
    return (*recorder)->finish(asked());
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
