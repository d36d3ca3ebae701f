// koegura show: one call's story.
#include <cstdio>

#include "archive_access.h"
#include "call_story.h"
#include "command.h"
#include "terminal.h"

namespace koegura::tools {

namespace {

class ShowCommand : public Command {
 public:
  void declare(Options& options) override {
    options.text("CALL", "", call_, "the call's id, or its beginning (6 characters or more)");
    options.required();
  }

  Result<void> run(const Session& session) override {
    auto call = open_call(session, call_);
    if (!call) return tl::make_unexpected(std::move(call.error()));
    if (session.json) {
      std::puts(store::to_json(call->record).c_str());
      return {};
    }
    const Pager pager;
    for (const std::string& line :
         story_of(call->record, call->file(), session.config.archive.region)) {
      std::puts(line.c_str());
    }
    return {};
  }

 private:
  std::string call_;
};

}  // namespace

std::unique_ptr<Command> make_show_command() {
  return std::make_unique<ShowCommand>();
}

}  // namespace koegura::tools
