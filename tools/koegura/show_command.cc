// koegura show: one call's story, and that of its conversation.
#include <cstdio>

#include "archive_access.h"
#include "call_story.h"
#include "command.h"
#include "conversation_legs.h"
#include "terminal.h"

namespace koegura::tools {

namespace {

class ShowCommand : public Command {
 public:
  void declare(Options& options) override {
    options.text("CALL", "", call_, "the call's id, or its beginning (6 characters or more)");
    options.required();
    options.flag("--conversation", conversation_, "only what happened across the call's legs");
  }

  Result<void> run(const Session& session) override {
    auto call = open_call(session, call_);
    if (!call) return tl::make_unexpected(std::move(call.error()));
    if (session.json && !conversation_) {
      std::puts(store::to_json(call->record).c_str());
      return {};
    }
    auto legs = read_legs(*call->archive, call->record);
    if (!legs) return tl::make_unexpected(std::move(legs.error()));
    if (session.json) {
      for (const CallRecord& leg : legs->legs) std::puts(store::to_json(leg).c_str());
      return {};
    }
    print(*call, std::move(*legs), session.config.archive.region);
    return {};
  }

 private:
  void print(const OpenCall& call, ConversationRecords legs, const std::string& region) const {
    std::vector<std::string> conversation;
    if (conversation_ || is_worth_telling(legs)) {
      conversation = conversation_story(std::move(legs), region);
    }
    const Pager pager;
    const std::vector<std::string> lines =
        conversation_ ? conversation : story_of(call.record, call.file(), region, conversation);
    for (const std::string& line : lines) std::puts(line.c_str());
  }

  std::string call_;
  bool conversation_ = false;
};

}  // namespace

std::unique_ptr<Command> make_show_command() {
  return std::make_unique<ShowCommand>();
}

}  // namespace koegura::tools
