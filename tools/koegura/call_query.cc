#include "call_query.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "json.h"
#include "text_width.h"
#include "time_text.h"

namespace koegura::tools {

namespace {

using std::chrono::milliseconds;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::string exact_time(Timestamp time) {
  google::protobuf::Timestamp exact;
  set_time(exact, time);
  return google::protobuf::util::TimeUtil::ToString(exact);
}

class QueryText {
 public:
  void add(std::string_view name, const std::string& value) {
    if (value.empty()) return;
    text_ += (text_.empty() ? "" : "&") + std::string(name) + '=' + percent_encoded(value);
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

Result<void> take_time(std::optional<Timestamp>& into, const std::string& value, bool end) {
  auto time = parse_time(value, std::chrono::system_clock::now());
  if (!time) return tl::make_unexpected(std::move(time.error()));
  into = end ? time->end : time->begin;
  return {};
}

Result<void> take_duration(std::optional<Duration>& into, const std::string& value) {
  auto duration = parse_duration(value);
  if (!duration) return tl::make_unexpected(std::move(duration.error()));
  into = *duration;
  return {};
}

Result<void> take_count(std::size_t& into, const std::string& value) {
  const char* last = value.data() + value.size();
  const auto [end, error] = std::from_chars(value.data(), last, into);
  if (error == std::errc() && end == last) return {};
  return failure("'" + printable(value) + "' is no whole number");
}

Result<void> take_flag(bool& into, const std::string& value) {
  if (value != "true" && value != "false") return failure("expected true or false");
  into = value == "true";
  return {};
}

struct TextRow {
  std::string_view name;
  std::string& (*of)(CallQuery& query);
};
constexpr std::array kTexts = {
    TextRow{"number", [](CallQuery& query) -> std::string& { return query.filter.number; }},
    TextRow{"department", [](CallQuery& query) -> std::string& { return query.filter.department; }},
    TextRow{"person", [](CallQuery& query) -> std::string& { return query.filter.person; }},
    TextRow{"withheld", [](CallQuery& query) -> std::string& { return query.filter.withheld; }},
    TextRow{"conversation",
            [](CallQuery& query) -> std::string& { return query.filter.conversation; }},
    TextRow{"hold", [](CallQuery& query) -> std::string& { return query.filter.hold; }},
    TextRow{"state", [](CallQuery& query) -> std::string& { return query.filter.state; }},
    TextRow{"direction", [](CallQuery& query) -> std::string& { return query.filter.direction; }},
    TextRow{"tag", [](CallQuery& query) -> std::string& { return query.filter.tag; }},
    TextRow{"text", [](CallQuery& query) -> std::string& { return query.filter.text; }},
    TextRow{"after", [](CallQuery& query) -> std::string& { return query.after; }},
};

Result<void> take(CallQuery& query, std::string_view name, const std::string& value) {
  for (const TextRow& row : kTexts) {
    if (row.name != name) continue;
    row.of(query) = value;
    return {};
  }
  store::CallFilter& filter = query.filter;
  if (name == "from") return take_time(filter.from, value, /*end=*/false);
  if (name == "to") return take_time(filter.to, value, /*end=*/true);
  if (name == "longer-than") return take_duration(filter.longer_than, value);
  if (name == "shorter-than") return take_duration(filter.shorter_than, value);
  if (name == "limit") return take_count(filter.limit, value);
  if (name == "reverse") return take_flag(filter.oldest_first, value);
  return failure(
      "not one of from, to, number, department, person, withheld, conversation, hold, state, "
      "direction, tag, text, longer-than, shorter-than, limit, reverse, after");
}

}  // namespace

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain) {
      result += c;
    } else {
      result += {'%', kHex[byte >> 4U], kHex[byte & 0xFU]};
    }
  }
  return result;
}

Result<std::string> percent_decoded(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    if (text.front() != '%') {
      result += text.front();
      text.remove_prefix(1);
      continue;
    }
    const int high = text.size() < 3 ? -1 : hex_digit(text[1]);
    const int low = text.size() < 3 ? -1 : hex_digit(text[2]);
    if (high < 0 || low < 0) {
      return failure("'" + printable(text.substr(0, 3)) + "': after % come two hex digits",
                     ErrorKind::kUsage);
    }
    result += static_cast<char>(high * 16 + low);
    text.remove_prefix(3);
  }
  return result;
}

std::string query_text(const CallQuery& query) {
  QueryText text;
  CallQuery copy = query;
  for (const TextRow& row : kTexts) text.add(row.name, row.of(copy));
  const store::CallFilter& filter = query.filter;
  if (filter.from) text.add("from", exact_time(*filter.from));
  if (filter.to) text.add("to", exact_time(*filter.to));
  if (filter.longer_than) text.add("longer-than", duration_text(*filter.longer_than));
  if (filter.shorter_than) text.add("shorter-than", duration_text(*filter.shorter_than));
  if (filter.limit != 0) text.add("limit", std::to_string(filter.limit));
  if (filter.oldest_first) text.add("reverse", "true");
  return text.take();
}

std::vector<std::string> filter_names(const store::CallFilter& filter) {
  std::vector<std::string> names;
  CallQuery query{.filter = filter, .after = {}};
  for (const TextRow& row : kTexts) {
    if (!row.of(query).empty()) names.emplace_back(row.name);
  }
  if (filter.from) names.emplace_back("from");
  if (filter.to) names.emplace_back("to");
  if (filter.longer_than) names.emplace_back("longer-than");
  if (filter.shorter_than) names.emplace_back("shorter-than");
  return names;
}

Result<CallQuery> parse_query(std::string_view text) {
  CallQuery query;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string_view name = pair.substr(0, equals);
    auto value = percent_decoded(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
    Result<void> taken;
    if (value) {
      taken = take(query, name, *value);
    } else {
      taken = tl::make_unexpected(std::move(value.error()));
    }
    if (taken) continue;
    taken.error().kind = ErrorKind::kUsage;
    return tl::make_unexpected(std::move(taken.error()).in(printable(name)));
  }
  return query;
}

CallQuery continued(const CallQuery& query, const CallRecord& given) {
  CallQuery rest = query;
  rest.after = given.id();
  // Ids, and so the order, know the millisecond only.
  const Timestamp first = std::chrono::floor<milliseconds>(time_of(given.start()));
  const Timestamp end = first + milliseconds(1);
  if (query.filter.oldest_first) {
    if (!query.filter.from || *query.filter.from < first) rest.filter.from = first;
  } else if (!query.filter.to || *query.filter.to > end) {
    rest.filter.to = end;
  }
  return rest;
}

bool is_wanted(const CallQuery& query, const CallRecord& record) {
  if (query.after.empty()) return true;
  return query.filter.oldest_first ? record.id() > query.after : record.id() < query.after;
}

}  // namespace koegura::tools
