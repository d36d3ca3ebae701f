// koegura calls: the list, found by time, number, people and outcome.
#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <vector>

#include "archive_access.h"
#include "call_text.h"
#include "command.h"
#include "json.h"
#include "quantity_text.h"
#include "text_width.h"
#include "time_text.h"

namespace koegura::tools {

namespace {

// Of 26: the time's ten and six of the hash, which two calls of one millisecond hardly share.
constexpr std::size_t kShownId = 16;
constexpr std::size_t kStateWidth = 11;  // "interrupted"
constexpr std::size_t kLeastParty = 12;
constexpr std::size_t kMostParty = 40;

const std::vector<std::string> kStates = {"answered", "missed",      "busy",      "cancelled",
                                          "failed",   "interrupted", "media-only"};
const std::vector<std::string> kDirections = {"in", "out", "internal"};

struct Row {
  std::string start;
  std::string direction;
  std::string caller;
  std::string callee;
  std::string state;
  std::string talk;
  std::string id;
};

Row row_of(const CallRecord& record, const std::string& region) {
  return {.start = local_time(time_of(record.start())),
          .direction = record.direction() == "unknown" ? "" : record.direction(),
          .caller = party_text(record.caller(), region),
          .callee = party_text(record.callee(), region),
          .state = record.state(),
          .talk = record.has_answered() ? clock_text(record.talk_s()) : "",
          .id = record.id().substr(0, kShownId)};
}

// Prints rows in columns as wide as the first ones need, so that a list of millions needs no
// memory: later, wider ones are clipped.
class CallTable {
 public:
  ~CallTable() { flush(); }

  void add(Row row) {
    if (sized_) return print(row);
    waiting_.push_back(std::move(row));
    if (waiting_.size() == kSample) flush();
  }

 private:
  static constexpr std::size_t kSample = 200;

  void flush() {
    if (!sized_) size_columns();
    for (const Row& row : waiting_) print(row);
    waiting_.clear();
  }

  void size_columns() {
    if (waiting_.empty()) return;
    sized_ = true;
    for (const Row& row : waiting_) {
      caller_ = std::max(caller_, std::min(width_of(row.caller), kMostParty));
      callee_ = std::max(callee_, std::min(width_of(row.callee), kMostParty));
      direction_ = std::max(direction_, width_of(row.direction));
      talk_ = std::max(talk_, width_of(row.talk));
    }
    fit_terminal();
    const std::string head = line({.start = "START",
                                   .direction = direction_ > 0 ? "DIR" : "",
                                   .caller = "CALLER",
                                   .callee = "CALLEE",
                                   .state = "STATE",
                                   .talk = "TALK",
                                   .id = "CALL"});
    std::puts(coloured(Colour::kBold, head).c_str());
  }

  // On a terminal the parties give way until a line fits; in a pipe nothing is lost.
  void fit_terminal() {
    if (!stdout_is_terminal()) return;
    const std::size_t used = width_of(line(Row{}));
    const std::size_t width = terminal_width();
    if (used + kShownId <= width) return;
    const std::size_t over = used + kShownId - width;
    const auto give = [](std::size_t& column, std::size_t columns) {
      column = std::max(kLeastParty, column - std::min(column, columns));
    };
    give(caller_, over / 2);
    give(callee_, over - over / 2);
  }

  [[nodiscard]] std::string line(const Row& row) const {
    const auto cell = [](const std::string& text, std::size_t width) {
      return padded(clipped(text, width), width) + "  ";
    };
    std::string text = cell(row.start, kTime);
    if (direction_ > 0) text += cell(row.direction, std::max<std::size_t>(direction_, 3));
    text += cell(row.caller, caller_) + cell(row.callee, callee_);
    const std::string state = cell(row.state, kStateWidth);
    text += row.state == "STATE" ? state : coloured(colour_of_state(row.state), state);
    return text + padded_left(row.talk, std::max<std::size_t>(talk_, 4)) + "  " + row.id;
  }

  void print(const Row& row) const { std::puts(line(row).c_str()); }

  static constexpr std::size_t kTime = 25;  // "2026-11-21 10:15:02+09:00"
  std::vector<Row> waiting_;
  std::size_t caller_ = kLeastParty;
  std::size_t callee_ = kLeastParty;
  std::size_t direction_ = 0;
  std::size_t talk_ = 0;
  bool sized_ = false;
};

class CallsCommand : public Command {
 public:
  void declare(Options& options) override {
    options.text("--from", "T", from_, "calls that began at T or later");
    options.text("--to", "T", to_, "calls that began before T; of a day or month, up to its end");
    options.text("--number", "N", filter_.number,
                 "either party's number in any spelling; *5678 ends, 0312* begins with");
    options.text("--department", "D", filter_.department, "either party's department");
    options.text("--person", "P", filter_.person, "either party's name");
    options.choice("--state", filter_.state, kStates, "how it ended");
    options.choice("--direction", filter_.direction, kDirections, "seen from the city hall");
    options.text("--longer-than", "D", longer_than_, "calls of over D: 90s, 5min, 1h30min");
    options.text("--shorter-than", "D", shorter_than_, "calls of under D");
    options.number("--limit", filter_.limit, "at most N calls");
    options.flag("--reverse", filter_.oldest_first, "oldest first");
    options.flag("--count", count_, "only how many there are");
  }

  Result<void> run(const Session& session) override {
    if (auto parsed = parse_times(); !parsed) return parsed;
    auto archive = open_for_reading(session);
    if (!archive) return tl::make_unexpected(std::move(archive.error()));
    auto found = print_matches(**archive, session);
    if (!found) return tl::make_unexpected(std::move(found.error()));
    if (count_) {
      std::printf(session.json ? "{\"count\":%zu}\n" : "%zu\n", *found);
    }
    if (*found > 0) return {};
    std::fflush(stdout);
    return failure("no call matches", ErrorKind::kNotFound);
  }

 private:
  Result<std::size_t> print_matches(const store::Archive& archive, const Session& session) const {
    std::optional<Pager> pager;
    if (!session.json && !count_) pager.emplace();
    CallTable table;
    std::size_t found = 0;
    auto done = archive.query(filter_, [&](const CallRecord& record) {
      ++found;
      if (count_) return true;
      if (session.json) {
        std::puts(store::to_json(record).c_str());
      } else {
        table.add(row_of(record, session.config.archive.region));
      }
      return std::ferror(stdout) == 0;
    });
    if (!done) return tl::make_unexpected(std::move(done.error()));
    return found;
  }

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
  bool count_ = false;
};

}  // namespace

std::unique_ptr<Command> make_calls_command() {
  return std::make_unique<CallsCommand>();
}

}  // namespace koegura::tools
