// koegura calls: the list, found by time, number, people and outcome.
#include <cstdio>
#include <optional>
#include <string>

#include "archive_access.h"
#include "call_filter_options.h"
#include "call_table.h"
#include "command.h"
#include "conversation_list.h"
#include "json.h"
#include "terminal.h"

namespace koegura::tools {

namespace {

class CallsCommand : public Command {
 public:
  void declare(Options& options) override {
    chosen_.declare(options);
    chosen_.declare_hold(options);
    options.number("--limit", chosen_.filter().limit, "at most N calls");
    options.flag("--reverse", chosen_.filter().oldest_first, "oldest first");
    options.flag("--conversations", conversations_, "one row a conversation, not a leg");
    options.flag("--count", count_, "only how many there are");
  }

  Result<void> run(const Session& session) override {
    if (auto parsed = chosen_.parse(); !parsed) return parsed;
    auto archive = open_for_reading(session);
    if (!archive) return tl::make_unexpected(std::move(archive.error()));
    if (auto resolved = chosen_.resolve(**archive); !resolved) return resolved;
    auto found = count_ && !conversations_
                     ? (*archive)->count(chosen_.filter()).map([](std::uint64_t n) {
                         return std::size_t{n};
                       })
                     : print_matches(**archive, session);
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
    auto done = conversations_ ? query_conversations(archive, chosen_.filter(), print)
                               : archive.query(chosen_.filter(), print);
    table.finish();
    if (!done) return tl::make_unexpected(std::move(done.error()));
    return found;
  }

  static std::string line_of(const CallRecord& record) { return store::to_json(record); }
  static std::string line_of(const ConversationRow& row) { return json_of(row); }

  CallFilterOptions chosen_;
  bool conversations_ = false;
  bool count_ = false;
};

}  // namespace

std::unique_ptr<Command> make_calls_command() {
  return std::make_unique<CallsCommand>();
}

}  // namespace koegura::tools
