// koegura calls: the list, found by time, number, people and outcome.
#include <cstdio>
#include <optional>
#include <vector>

#include "archive_access.h"
#include "call_table.h"
#include "command.h"
#include "conversation_legs.h"
#include "conversation_list.h"
#include "json.h"
#include "terminal.h"
#include "time_text.h"

namespace koegura::tools {

namespace {

const std::vector<std::string> kStates = {"answered", "missed",      "busy",      "cancelled",
                                          "failed",   "interrupted", "media-only"};
const std::vector<std::string> kDirections = {"in", "out", "internal"};

class CallsCommand : public Command {
 public:
  void declare(Options& options) override {
    options.text("--from", "T", from_, "calls that began at T or later");
    options.text("--to", "T", to_, "calls that began before T; of a day or month, up to its end");
    options.text("--number", "N", filter_.number,
                 "either party's number in any spelling; *5678 ends, 0312* begins with");
    options.text("--department", "D", filter_.department, "either party's department");
    options.text("--person", "P", filter_.person, "either party's name");
    options.text("--withheld", "X", filter_.withheld,
                 "callers who hid their number: any, or why: Anonymous, 公衆電話, ...");
    options.choice("--state", filter_.state, kStates, "how it ended");
    options.choice("--direction", filter_.direction, kDirections, "seen from the city hall");
    options.text("--conversation", "CALL", conversation_, "the legs of this call's conversation");
    options.text("--longer-than", "D", longer_than_, "calls of over D: 90s, 5min, 1h30min");
    options.text("--shorter-than", "D", shorter_than_, "calls of under D");
    options.number("--limit", filter_.limit, "at most N calls");
    options.flag("--reverse", filter_.oldest_first, "oldest first");
    options.flag("--conversations", conversations_, "one row a conversation, not a leg");
    options.flag("--count", count_, "only how many there are");
  }

  Result<void> run(const Session& session) override {
    if (auto parsed = parse_times(); !parsed) return parsed;
    auto archive = open_for_reading(session);
    if (!archive) return tl::make_unexpected(std::move(archive.error()));
    if (!conversation_.empty()) {
      auto conversation = find_conversation(**archive, conversation_);
      if (!conversation) return tl::make_unexpected(std::move(conversation.error()));
      filter_.conversation = std::move(*conversation);
    }
    auto found = print_matches(**archive, session);
    if (!found) return tl::make_unexpected(std::move(found.error()));
    if (count_) {
      std::printf(session.json ? "{\"count\":%zu}\n" : "%zu\n", *found);
    }
    if (*found > 0) return {};
    std::fflush(stdout);
    return failure(conversations_ ? "no conversation matches" : "no call matches",
                   ErrorKind::kNotFound);
  }

 private:
  Result<std::size_t> print_matches(const store::Archive& archive, const Session& session) const {
    const std::size_t columns = stdout_is_terminal() ? terminal_width() : 0;
    const auto of = conversations_ ? CallTable::Of::kConversations : CallTable::Of::kCalls;
    std::optional<Pager> pager;  // not for an empty list
    CallTable table(of, session.config.archive.region, columns, [&](const std::string& line) {
      if (!pager) pager.emplace();
      std::puts(line.c_str());
    });
    std::size_t found = 0;
    const auto print = [&](const auto& row) {
      ++found;
      if (count_) return true;
      if (session.json) {
        std::puts(line_of(row).c_str());
      } else {
        table.add(row);
      }
      return std::ferror(stdout) == 0;
    };
    auto done = conversations_ ? query_conversations(archive, filter_, print)
                               : archive.query(filter_, print);
    table.finish();
    if (!done) return tl::make_unexpected(std::move(done.error()));
    return found;
  }

  static std::string line_of(const CallRecord& record) { return store::to_json(record); }
  static std::string line_of(const ConversationRow& row) { return json_of(row); }

  Result<void> parse_times() {
    const Timestamp now = std::chrono::system_clock::now();
    if (!from_.empty()) {
      auto time = parse_time(from_, now);
      if (!time) return tl::make_unexpected(std::move(time.error()).in("--from"));
      filter_.from = time->begin;
    }
    if (!to_.empty()) {
      auto time = parse_time(to_, now);
      if (!time) return tl::make_unexpected(std::move(time.error()).in("--to"));
      filter_.to = time->end;
    }
    if (filter_.from && filter_.to && *filter_.from >= *filter_.to) {
      return failure("--from is not before --to: nothing can lie between", ErrorKind::kUsage);
    }
    if (auto read = read_duration("--longer-than", longer_than_, filter_.longer_than); !read) {
      return read;
    }
    return read_duration("--shorter-than", shorter_than_, filter_.shorter_than);
  }

  static Result<void> read_duration(const char* option, const std::string& text,
                                    std::optional<Duration>& into) {
    if (text.empty()) return {};
    auto duration = parse_duration(text);
    if (!duration) return tl::make_unexpected(std::move(duration.error()).in(option));
    into = *duration;
    return {};
  }

  store::CallFilter filter_;
  std::string from_;
  std::string to_;
  std::string longer_than_;
  std::string shorter_than_;
  std::string conversation_;
  bool conversations_ = false;
  bool count_ = false;
};

}  // namespace

std::unique_ptr<Command> make_calls_command() {
  return std::make_unique<CallsCommand>();
}

}  // namespace koegura::tools
