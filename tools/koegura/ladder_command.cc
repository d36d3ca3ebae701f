// koegura ladder: a call's SIP messages as a ladder.
#include <cstdio>

#include "archive_access.h"
#include "call_packets.h"
#include "command.h"
#include "json.h"
#include "ladder.h"
#include "ladder_reader.h"
#include "terminal.h"

namespace koegura::tools {

namespace {

class LadderCommand : public Command {
 public:
  void declare(Options& options) override {
    options.text("CALL", "", call_, "the call's id, or its beginning (6 characters or more)");
    options.required();
  }

  Result<void> run(const Session& session) override {
    auto call = open_call(session, call_);
    if (!call) return tl::make_unexpected(std::move(call.error()));
    const auto file = call->readable_file();
    if (!file) return tl::make_unexpected(file.error());
    const auto attachments = decode::read_attachments(*file);
    if (!attachments) return tl::make_unexpected(attachments.error());
    auto merged = merge_packets(*attachments, {kSignallingAttachment});
    if (!merged) return tl::make_unexpected(std::move(merged.error()).in(call->file()));
    const std::vector<LadderStep> steps = read_ladder(merged->packets);
    if (steps.empty()) {
      return failure(call->record.id() + ": no SIP message of this call was seen",
                     ErrorKind::kNotFound);
    }
    print(steps, session.json);
    return {};
  }

 private:
  static void print(const std::vector<LadderStep>& steps, bool json) {
    if (json) {
      for (const LadderStep& step : steps) std::puts(json_of(step).c_str());
      return;
    }
    const std::size_t columns = terminal_width();
    const Pager pager;
    for (const std::string& line : draw_ladder(steps, columns)) std::puts(line.c_str());
  }

  std::string call_;
};

}  // namespace

std::unique_ptr<Command> make_ladder_command() {
  return std::make_unique<LadderCommand>();
}

}  // namespace koegura::tools
