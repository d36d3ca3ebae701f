#include "call_filter_options.h"

#include <optional>
#include <utility>
#include <vector>

#include "call_query.h"
#include "conversation_legs.h"
#include "store/call_words.h"
#include "time_text.h"

namespace koegura::tools {

namespace {

const std::vector<std::string> kDirections = {"in", "out", "internal"};

Result<void> read_duration(const char* option, const std::string& text,
                           std::optional<Duration>& into) {
  if (text.empty()) return {};
  auto duration = parse_duration(text);
  if (!duration) return tl::make_unexpected(std::move(duration.error()).in(option));
  into = *duration;
  return {};
}

}  // namespace

void CallFilterOptions::declare(Options& options, const char* until) {
  until_ = until;
  options.text("--from", "T", from_, "calls that began at T or later");
  options.text(until, "T", to_, "calls that began before T; of a day or month, up to its end");
  options.text("--number", "N", filter_.number,
               "either party's number in any spelling; *5678 ends, 0312* begins with");
  options.text("--department", "D", filter_.department, "either party's department");
  options.text("--person", "P", filter_.person, "either party's name");
  options.text("--withheld", "X", filter_.withheld,
               "callers who hid their number: any, or why: Anonymous, 公衆電話, ...");
  options.choice("--state", filter_.state, {store::kCallStates.begin(), store::kCallStates.end()},
                 "how it ended");
  options.choice("--direction", filter_.direction, kDirections, "seen from the city hall");
  options.text("--tag", "T", filter_.tag, "calls with this tag among their notes");
  options.text("--text", "WORDS", filter_.text,
               "calls whose notes have all these words, or words that begin so");
  options.text("--conversation", "CALL", conversation_, "the legs of this call's conversation");
  options.text("--longer-than", "D", longer_than_, "calls of over D: 90s, 5min, 1h30min");
  options.text("--shorter-than", "D", shorter_than_, "calls of under D");
}

void CallFilterOptions::declare_hold(Options& options) {
  options.text("--hold", "CASE", filter_.hold, "what is held for the case");
}

Result<void> CallFilterOptions::parse() {
  const Timestamp now = std::chrono::system_clock::now();
  if (!from_.empty()) {
    auto time = parse_time(from_, now);
    if (!time) return tl::make_unexpected(std::move(time.error()).in("--from"));
    filter_.from = time->begin;
  }
  if (!to_.empty()) {
    auto time = parse_time(to_, now);
    if (!time) return tl::make_unexpected(std::move(time.error()).in(until_));
    filter_.to = time->end;
  }
  if (filter_.from && filter_.to && *filter_.from >= *filter_.to) {
    return failure(std::string("--from is not before ") + until_ + ": nothing can lie between",
                   ErrorKind::kUsage);
  }
  if (auto read = read_duration("--longer-than", longer_than_, filter_.longer_than); !read) {
    return read;
  }
  return read_duration("--shorter-than", shorter_than_, filter_.shorter_than);
}

bool CallFilterOptions::is_used() const {
  return !conversation_.empty() || !filter_names(filter_).empty();
}

Result<void> CallFilterOptions::resolve(const store::Archive& archive) {
  if (conversation_.empty()) return {};
  auto conversation = find_conversation(archive, conversation_);
  if (!conversation) return tl::make_unexpected(std::move(conversation.error()));
  filter_.conversation = std::move(*conversation);
  return {};
}

}  // namespace koegura::tools
