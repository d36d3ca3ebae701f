#include "config_rules.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "nearest.h"
#include "store/call_words.h"

namespace koegura::tools {

namespace {

using store::RetentionRule;

bool is_one_of(const auto& words, std::string_view text) {
  return std::find(words.begin(), words.end(), text) != words.end();
}
bool is_rule_text(std::string_view text) {
  return !text.empty();
}
bool is_rule_state(std::string_view text) {
  return is_one_of(store::kCallStates, text);
}
bool is_rule_direction(std::string_view text) {
  return is_one_of(store::kCallDirections, text);
}
// It stands in the ledger for good, and the default has a name of its own.
bool is_rule_name(std::string_view text) {
  constexpr std::size_t kMost = 100;
  return !text.empty() && text.size() <= kMost && text != store::kDefaultRule &&
         std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < ' '; });
}

struct RuleText {
  std::string_view key;
  std::string RetentionRule::*member;
  bool (*valid)(std::string_view);
  const char* expected;
};
constexpr std::array kRuleTexts = {
    RuleText{"name", &RetentionRule::name, is_rule_name, "a name of its own, in quotes"},
    RuleText{"department", &RetentionRule::department, is_rule_text, "a department, in quotes"},
    RuleText{"line", &RetentionRule::line, is_rule_text,
             "a number in quotes, as in \"03-1234-5600\", \"0312*\" or \"*5600\""},
    RuleText{"tag", &RetentionRule::tag, is_rule_text, "a tag, in quotes"},
    RuleText{"direction", &RetentionRule::direction, is_rule_direction,
             "\"in\", \"out\", \"internal\" or \"unknown\""},
    RuleText{"state", &RetentionRule::state, is_rule_state,
             "a state as `koegura calls --state` has it, in quotes"}};

// What was expected, or nothing if it was taken.
std::optional<std::string> take(RetentionRule& rule, std::string_view key,
                                const std::optional<std::string>& value) {
  if (key == "keep") {
    const auto keep = store::parse_keep_for(value.value_or(""));
    if (!keep) return kExpectedPeriod;
    rule.period.keep = *keep;
    return std::nullopt;
  }
  if (key == "count_from") {
    const auto count_from = store::parse_count_from(value.value_or(""));
    if (!count_from) return kExpectedCountFrom;
    rule.period.count_from = *count_from;
    return std::nullopt;
  }
  const auto* const row = std::find_if(kRuleTexts.begin(), kRuleTexts.end(),
                                       [&](const RuleText& one) { return one.key == key; });
  if (row == kRuleTexts.end()) {
    std::vector<std::string_view> known = {"keep", "count_from"};
    for (const RuleText& one : kRuleTexts) known.push_back(one.key);
    const std::string_view near = nearest(std::string(key), known);
    return near.empty() ? std::string("another key: this is none of a rule")
                        : "another key: did you mean '" + std::string(near) + "'?";
  }
  if (!value || !row->valid(*value)) return row->expected;
  rule.*(row->member) = *value;
  return std::nullopt;
}

tl::unexpected<Error> refused(const std::string& where, const std::string& expected) {
  return failure(where + ": retention.rule: expected " + expected);
}

Result<RetentionRule> read_rule(const toml::table& table, const std::string& name) {
  RetentionRule rule;
  bool has_period = false;
  for (const auto& [key, node] : table) {
    const bool is_known_place = node.is_string();
    const auto expected = take(rule, key.str(), node.value_exact<std::string>());
    has_period = has_period || key.str() == "keep";
    if (!expected) continue;
    const auto& at = is_known_place ? node.source() : key.source();
    return refused(place(name, at.begin) + ": '" + std::string(key.str()) + "'", *expected);
  }
  const std::string where = place(name, table.source().begin);
  if (rule.name.empty()) return refused(where, "a name = \"…\" in each rule");
  if (!has_period) return refused(where, "keep = \"…\" in the rule '" + rule.name + "'");
  return rule;
}

void add(std::string& text, std::string_view key, const std::string& value) {
  if (value.empty()) return;
  text += (text.empty() ? "" : ", ") + std::string(key) + " = " + toml_string(value);
}

}  // namespace

Result<std::vector<RetentionRule>> read_rules(const toml::node& node, const std::string& name) {
  const toml::array* const list = node.as_array();
  if (list == nullptr) {
    return refused(place(name, node.source().begin), "a list of rules, as [[retention.rule]]");
  }
  std::vector<RetentionRule> rules;
  for (const toml::node& element : *list) {
    const toml::table* const table = element.as_table();
    if (table == nullptr) {
      return refused(place(name, element.source().begin), "a rule, as [[retention.rule]]");
    }
    Result<RetentionRule> rule = read_rule(*table, name);
    if (!rule) return tl::make_unexpected(std::move(rule).error());
    const bool is_there = std::any_of(rules.begin(), rules.end(), [&](const RetentionRule& one) {
      return one.name == rule->name;
    });
    if (is_there) {
      return refused(place(name, element.source().begin),
                     "another name: there is a rule '" + rule->name + "' already");
    }
    rules.push_back(std::move(*rule));
  }
  return rules;
}

std::string rules_text(const std::vector<RetentionRule>& rules) {
  std::string list;
  for (const RetentionRule& rule : rules) {
    std::string text;
    for (const RuleText& row : kRuleTexts) add(text, row.key, rule.*(row.member));
    add(text, "keep", store::keep_text(rule.period.keep));
    add(text, "count_from", std::string(store::name_of(rule.period.count_from)));
    list += (list.empty() ? "{" : ", {") + text + "}";
  }
  return "[" + list + "]";
}

std::string toml_string(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      constexpr std::string_view kHex = "0123456789ABCDEF";
      result += "\\u00";
      result += kHex[static_cast<unsigned char>(c) >> 4U];
      result += kHex[static_cast<unsigned char>(c) & 0xFU];
      continue;
    }
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string place(const std::string& name, const toml::source_position& position) {
  return name + ':' + std::to_string(position.line) + ':' + std::to_string(position.column);
}

}  // namespace koegura::tools
