#include "json_members.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace koegura::store {

namespace {

struct Member {
  std::string_view name;  // with its quotation marks
  std::string_view value;
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";  // protobuf's, which are more than JSON's
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

// Behind the string that begins at the beginning.
std::size_t end_of_string(std::string_view text) {
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return text.size();
}

// Up to the first such character that stands in no string, object or array.
std::string_view up_to(std::string_view text, char end) {
  std::size_t depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == end && depth == 0) return text.substr(0, at);
    if (c == '"') at += end_of_string(text.substr(at)) - 1;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && depth > 0) --depth;
  }
  return text;
}

// What an object or array holds, if it is one.
std::vector<std::string_view> parts_of(std::string_view text, char open, char close) {
  std::vector<std::string_view> parts;
  text = trimmed(text);
  if (text.size() < 2 || text.front() != open || text.back() != close) return parts;
  for (text = trimmed(text.substr(1, text.size() - 2)); !text.empty();) {
    const std::string_view part = up_to(text, ',');
    parts.push_back(trimmed(part));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
  }
  return parts;
}

std::vector<std::string_view> elements_of(std::string_view array) {
  return parts_of(array, '[', ']');
}

std::vector<Member> members_of(std::string_view object) {
  std::vector<Member> members;
  for (const std::string_view part : parts_of(object, '{', '}')) {
    const std::string_view name = up_to(part, ':');
    if (name.size() == part.size()) continue;
    members.push_back({.name = trimmed(name), .value = trimmed(part.substr(name.size() + 1))});
  }
  return members;
}

const Member* find(const std::vector<Member>& members, std::string_view name) {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const Member& member) { return member.name == name; });
  return found == members.end() ? nullptr : &*found;
}

// As every program writes a field's. What protobuf reads besides (bare words, escapes) it may read
// as a field that the message has, and that would come back twice.
bool is_field_name(std::string_view quoted) {
  if (quoted.size() <= 2 || quoted.front() != '"' || quoted.back() != '"') return false;
  const std::string_view name = quoted.substr(1, quoted.size() - 2);
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// Both spellings are JSON's canonical mapping's.
const google::protobuf::FieldDescriptor* field_of(const google::protobuf::Descriptor& message,
                                                  std::string_view quoted) {
  const std::string name(quoted.substr(1, quoted.size() - 2));
  const google::protobuf::FieldDescriptor* const field = message.FindFieldByName(name);
  return field != nullptr ? field : message.FindFieldByCamelcaseName(name);
}

void add_part(std::string& text, char open, std::string_view part) {
  text += text.empty() ? open : ',';
  text += part;
}

std::string member_text(std::string_view name, std::string_view value) {
  return std::string(name) + ':' + std::string(value);
}

// Of a field's value: a time is a string, and has no members.
std::string unknown_within(std::string_view value, const google::protobuf::FieldDescriptor& field) {
  if (field.message_type() == nullptr || field.is_map()) return {};
  if (!field.is_repeated()) return unknown_members(value, *field.message_type());
  std::string list;
  bool has_any = false;
  for (const std::string_view element : elements_of(value)) {
    const std::string unknown = unknown_members(element, *field.message_type());
    has_any = has_any || !unknown.empty();
    add_part(list, '[', unknown.empty() ? "{}" : unknown);
  }
  return has_any ? list + ']' : std::string();
}

std::string merged(std::string_view value, std::string_view more) {
  if (value.starts_with('{') && more.starts_with('{')) return with_members(value, more);
  if (!value.starts_with('[') || !more.starts_with('[')) return std::string(more);
  const std::vector<std::string_view> own = elements_of(value);
  const std::vector<std::string_view> added = elements_of(more);
  std::string list;
  for (std::size_t i = 0; i < std::max(own.size(), added.size()); ++i) {
    if (i < own.size() && i < added.size()) {
      add_part(list, '[', merged(own[i], added[i]));
    } else {
      add_part(list, '[', i < own.size() ? own[i] : added[i]);
    }
  }
  return list.empty() ? std::string(value) : list + ']';
}

}  // namespace

std::string unknown_members(std::string_view json, const google::protobuf::Descriptor& message) {
  std::string unknown;
  for (const Member& member : members_of(json)) {
    if (!is_field_name(member.name)) continue;
    const google::protobuf::FieldDescriptor* const field = field_of(message, member.name);
    if (field == nullptr) {
      add_part(unknown, '{', member_text(member.name, member.value));
      continue;
    }
    const std::string within = unknown_within(member.value, *field);
    // By the name that it is printed with.
    if (!within.empty()) add_part(unknown, '{', member_text('"' + field->name() + '"', within));
  }
  return unknown.empty() ? unknown : unknown + '}';
}

std::string with_members(std::string_view json, std::string_view members) {
  const std::vector<Member> own = members_of(json);
  const std::vector<Member> more = members_of(members);
  if (more.empty()) return std::string(json);
  std::string object;
  for (const Member& member : own) {
    const Member* const added = find(more, member.name);
    const std::string value =
        added != nullptr ? merged(member.value, added->value) : std::string(member.value);
    add_part(object, '{', member_text(member.name, value));
  }
  for (const Member& member : more) {
    if (find(own, member.name) == nullptr) {
      add_part(object, '{', member_text(member.name, member.value));
    }
  }
  return object + '}';
}

}  // namespace koegura::store
