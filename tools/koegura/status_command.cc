// koegura status: the recorder and its archive on one screen.
#include <cstdio>

#include "accounting_report.h"
#include "archive_access.h"
#include "command.h"
#include "json.h"
#include "status_report.h"
#include "terminal.h"
#include "text_width.h"

namespace koegura::tools {

namespace {

// Of the recorder that runs.
Result<Status> ask(ApiClient& recorder, const std::string& directory) {
  const auto json = recorder.get("/v1/status");
  if (!json) return tl::make_unexpected(json.error());
  Status status;
  if (auto parsed = parse_json(*json, status); !parsed) {
    return tl::make_unexpected(std::move(parsed.error()).in("reading what the recorder answered"));
  }
  status.set_archive(printable(directory));  // as this user calls it
  return status;
}

// Of the folder.
Result<Status> look(const Session& session) {
  auto archive =
      store::Archive::open(session.archive, store::OpenMode::kRead, session.config.archive);
  if (!archive) return tl::make_unexpected(std::move(archive.error()));
  const auto summary = (*archive)->summary();
  if (!summary) return tl::make_unexpected(summary.error());
  Status status = status_of(session.archive, *summary);
  add_last_record(session.archive, status);
  return status;
}

void print(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) std::puts(line.c_str());
}

class StatusCommand : public Command {
 public:
  void declare(Options& /*options*/) override {}

  Result<void> run(const Session& session) override {
    auto recorder = find_recorder(session);
    const auto status = recorder ? ask(**recorder, session.archive) : look(session);
    if (!status) return tl::make_unexpected(status.error());
    if (session.json) {
      std::puts(json_of(*status).c_str());
      return {};
    }
    if (recorder) {
      print(recorder_lines(status->recorder(), std::chrono::system_clock::now()));
    } else {
      const bool none_runs = recorder.error().kind == ErrorKind::kNotFound;
      const std::string why = none_runs ? "not recording: " : "cannot be asked: ";
      std::puts(status_line("recorder", coloured(Colour::kYellow, why + recorder.error().message))
                    .c_str());
    }
    print(archive_lines(*status));
    return {};
  }
};

}  // namespace

std::unique_ptr<Command> make_status_command() {
  return std::make_unique<StatusCommand>();
}

}  // namespace koegura::tools
