// koegura doctor: looks at everything a recording hangs on, and says what to change.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "archive_access.h"
#include "command.h"
#include "doctor_checks.h"
#include "json.h"
#include "quantity_text.h"
#include "status_report.h"
#include "terminal.h"
#include "text_width.h"

namespace koegura::tools {

namespace {

// The running recorder's own status; kNotFound if none runs.
Result<Status> ask_recorder(const Session& session) {
  auto recorder = find_recorder(session);
  if (!recorder) return tl::make_unexpected(std::move(recorder.error()));
  auto json = (*recorder)->get("/v1/status");
  if (!json) return tl::make_unexpected(std::move(json.error()));
  Status status;
  if (auto parsed = parse_json(*json, status); !parsed) {
    return tl::make_unexpected(std::move(parsed.error()));
  }
  return status;
}

Colour colour_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return Colour::kGreen;
    case Verdict::kNotice:
      return Colour::kYellow;
    case Verdict::kProblem:
      return Colour::kRed;
  }
  return Colour::kPlain;
}

bool is_dpdk(const std::string& source) {
  return source.starts_with("dpdk ");
}

class DoctorCommand : public Command {
 public:
  void declare(Options& options) override {
    options.texts("--interface", "IF", interfaces_,
                  "interfaces to look at [those the recorder reads, or else every physical one]");
  }
  [[nodiscard]] bool runs_without_settings() const override { return true; }

  Result<void> run(const Session& session) override {
    std::vector<Check> checks = {settings(session)};
    const auto append = [&](std::vector<Check> more) {
      std::move(more.begin(), more.end(), std::back_inserter(checks));
    };
    const Result<Status> status = ask_recorder(session);
    const RecorderStatus* recorder =
        status && status->has_recorder() ? &status->recorder() : nullptr;
    append(check_recorder(recorder,
                          status ? Error{"the recorder does not tell how it is"} : status.error()));
    append(interfaces(recorder));
    checks.push_back(check_clock(clock_facts()));
    append(archive(session, status ? &*status : nullptr));
    checks.push_back(check_memory(memory_facts(), uses_dpdk(recorder)));
    for (const Check& check : checks) print(check, session.json);
    const auto problems = std::count_if(checks.begin(), checks.end(), [](const Check& check) {
      return check.verdict == Verdict::kProblem;
    });
    if (problems == 0) return {};
    std::fflush(stdout);
    return failure(plural(static_cast<std::uint64_t>(problems), "problem") + " found");
  }

 private:
  static Check settings(const Session& session) {
    if (session.settings_error.empty()) return {.id = "settings", .what = "can be read"};
    return {.id = "settings",
            .verdict = Verdict::kProblem,
            .what = printable(session.settings_error),
            .advice =
                "correct that line: koegura.toml(5) has every key; what follows here is "
                "judged by the defaults"};
  }

  [[nodiscard]] std::vector<Check> interfaces(const RecorderStatus* recorder) const {
    const auto all = all_interfaces();
    if (!all) {
      return {{.id = "link", .verdict = Verdict::kProblem, .what = all.error().message}};
    }
    std::vector<std::string> names = interfaces_;
    Interest interest = Interest::kNamed;
    std::vector<std::string> recorded;
    if (recorder != nullptr) {
      for (const SourceStatus& source : recorder->sources()) {
        if (!is_dpdk(source.name())) recorded.push_back(source.name());
      }
    }
    if (names.empty() && recorder != nullptr) {
      names = recorded;
    } else if (names.empty()) {
      interest = Interest::kFound;
      for (const InterfaceFacts& facts : *all) {
        if (facts.physical) names.push_back(facts.name);
      }
    }
    std::vector<Check> checks;
    for (const InterfaceFacts& facts : pick(*all, names)) {
      const bool is_recorded =
          std::find(recorded.begin(), recorded.end(), facts.name) != recorded.end();
      for (Check& check : check_interface(facts, is_recorded ? Interest::kRecorded : interest)) {
        checks.push_back(std::move(check));
      }
    }
    return checks;
  }

  static std::vector<Check> archive(const Session& session, const Status* from_recorder) {
    const std::string& directory = session.archive;
    const DiskFacts disk = disk_facts(directory);
    const DiskFacts spool = disk_facts(directory + "/spool");
    std::vector<Check> checks;
    Status status;
    if (from_recorder != nullptr) status = *from_recorder;
    if (access(directory.c_str(), F_OK) != 0) {
      checks.push_back({.id = "archive",
                        .subject = printable(directory),
                        .verdict = Verdict::kNotice,
                        .what = "is not there yet",
                        .advice = "koegura record makes it; another folder: --archive DIR, or "
                                  "archive.directory in koegura.toml"});
    } else {
      checks.push_back(opens(session, status));
      checks.push_back(check_modes(directory, archive_modes(directory)));
    }
    checks.push_back(check_disk(disk, &status));
    if (spool.device != disk.device) checks.push_back(check_spool(spool));
    return checks;
  }

  // Fills in the status, unless the recorder told it.
  static Check opens(const Session& session, Status& status) {
    Check check{.id = "archive", .subject = printable(session.archive), .what = {}};
    const bool told = !status.archive().empty();
    const auto fail = [&](const Error& error) {
      check.verdict = Verdict::kProblem;
      check.what = printable(error.message);
      check.advice = error.kind == ErrorKind::kNotPermitted
                         ? "run koegura doctor as root"
                         : "koegura reindex rebuilds an index; the call files need none";
      return check;
    };
    if (!told) {
      auto opened =
          store::Archive::open(session.archive, store::OpenMode::kRead, session.config.archive);
      if (!opened) return fail(opened.error());
      const auto summary = (*opened)->summary();
      if (!summary) return fail(summary.error());
      status = status_of(session.archive, *summary);
    }
    if (!status.index_problem().empty()) {
      check.verdict = Verdict::kProblem;
      check.what = printable(status.index_problem());
      check.advice = "the recorder rebuilds it by itself, and goes on recording";
      return check;
    }
    check.what = plural(static_cast<std::uint64_t>(status.calls()), "call") +
                 (told ? ", as the recorder says" : ", can be read");
    return check;
  }

  static bool uses_dpdk(const RecorderStatus* recorder) {
    return recorder != nullptr &&
           std::any_of(recorder->sources().begin(), recorder->sources().end(),
                       [](const SourceStatus& source) { return is_dpdk(source.name()); });
  }

  static void print(const Check& check, bool json) {
    if (json) {
      DoctorCheck message;
      message.set_check(check.id);
      message.set_subject(check.subject);
      message.set_verdict(name_of(check.verdict));
      message.set_what(check.what);
      message.set_advice(check.advice);
      std::puts(json_of(message).c_str());
      return;
    }
    const std::string subject = check.subject.empty() ? "" : check.subject + ": ";
    std::printf("%s%s%s%s\n",
                coloured(colour_of(check.verdict), padded(name_of(check.verdict), 9)).c_str(),
                padded(check.id, 17).c_str(), subject.c_str(), check.what.c_str());
    if (!check.advice.empty()) std::printf("%s%s\n", padded("", 26).c_str(), check.advice.c_str());
  }

  std::vector<std::string> interfaces_;
};

}  // namespace

std::unique_ptr<Command> make_doctor_command() {
  return std::make_unique<DoctorCommand>();
}

}  // namespace koegura::tools
