// koegura ladder: the SIP messages of a call, or of its conversation, as a ladder.
#include <cstdio>

#include "archive_access.h"
#include "call_packets.h"
#include "call_text.h"
#include "command.h"
#include "conversation.h"
#include "conversation_legs.h"
#include "json.h"
#include "ladder.h"
#include "ladder_reader.h"
#include "store/attachment_names.h"
#include "terminal.h"
#include "text_width.h"

namespace koegura::tools {

namespace {

// Hands over the call's SIP packets, views into what lives as long as `take` runs.
template <typename Take>
Result<void> with_signalling(const OpenCall& call, const CallRecord& record, const Take& take) {
  const auto file = call.give_file(record, {.action = "ladder"});
  if (!file) return tl::make_unexpected(file.error());
  const auto attachments = decode::read_attachments(*file);
  if (!attachments) return tl::make_unexpected(attachments.error());
  auto merged = merge_packets(*attachments, {store::kSignallingPcapng});
  if (!merged) {
    return tl::make_unexpected(std::move(merged.error()).in(call.archive->file_of(record)));
  }
  take(merged->packets);
  return {};
}

std::vector<LadderCall> legend_of(const Conversation& conversation, const std::string& region) {
  std::vector<LadderCall> calls;
  for (const ConversationLeg& leg : conversation.legs()) {
    const CallRecord& record = leg.record;
    std::vector<std::string> legend = {short_id(record.id()) + "  " +
                                       party_text(record.caller(), region) + " → " +
                                       party_text(record.callee(), region)};
    if (!record.call_id().empty()) legend.push_back("Call-ID " + printable(record.call_id()));
    calls.push_back({.id = record.id(), .letter = leg.letter, .legend = std::move(legend)});
  }
  return calls;
}

class LadderCommand : public Command {
 public:
  void declare(Options& options) override {
    options.text("CALL", "", call_, "the call's id, or its beginning (6 characters or more)");
    options.required();
    options.flag("--conversation", conversation_, "of all legs of the call's conversation");
  }

  Result<void> run(const Session& session) override {
    auto call = open_call(session, call_, "ladder");
    if (!call) return tl::make_unexpected(std::move(call.error()));
    return conversation_ ? draw_conversation(*call, session) : draw_call(*call, session);
  }

 private:
  static Result<void> draw_call(const OpenCall& call, const Session& session) {
    std::vector<LadderStep> steps;
    auto read = with_signalling(
        call, call.record, [&](const auto& packets) { steps = read_ladder(call.record, packets); });
    if (!read) return read;
    if (steps.empty()) {
      return failure(call.record.id() + ": no SIP message of this call was seen",
                     ErrorKind::kNotFound);
    }
    print(steps, {}, session.json);
    return {};
  }

  static Result<void> draw_conversation(const OpenCall& call, const Session& session) {
    auto records = read_legs(*call.archive, call.record);
    if (!records) return tl::make_unexpected(std::move(records.error()));
    const Conversation conversation(std::move(records->legs));
    LadderMerge merge;
    for (const ConversationLeg& leg : conversation.legs()) {
      auto read = with_signalling(call, leg.record,
                                  [&](const auto& packets) { merge.add(leg.record, packets); });
      if (!read) return read;
    }
    const std::vector<LadderStep> steps = merge.take();
    if (steps.empty()) {
      return failure(call.record.id() + ": no SIP message of this conversation was seen",
                     ErrorKind::kNotFound);
    }
    print(steps, legend_of(conversation, session.config.archive.region), session.json);
    return {};
  }

  static void print(const std::vector<LadderStep>& steps, const std::vector<LadderCall>& calls,
                    bool json) {
    if (json) {
      for (const LadderStep& step : steps) std::puts(json_of(step).c_str());
      return;
    }
    const std::size_t columns = terminal_width();
    const Pager pager;
    for (const std::string& line : draw_ladder(steps, calls, columns)) std::puts(line.c_str());
  }

  std::string call_;
  bool conversation_ = false;
};

}  // namespace

std::unique_ptr<Command> make_ladder_command() {
  return std::make_unique<LadderCommand>();
}

}  // namespace koegura::tools
