// The values of header fields that are lists (RFC 3261 §7.3.1): several may stand in one field,
// and a field may come several times.
#pragma once

#include <string_view>

#include "capture/sip_message.h"
#include "sip_grammar.h"

namespace koegura::capture {

// Takes the next value from the front of rest, up to a comma that stands neither in quotes nor in
// angle brackets; trimmed, empty where none stood.
[[nodiscard]] std::string_view next_value(std::string_view& rest);

// Every value of the fields of that name, in the order of the message, until visit gives false.
template <typename Visit>
void visit_values(const SipMessage& message, std::string_view name, Visit&& visit) {
  for (const SipHeader& field : message.headers) {
    if (!iequals(field.name, name)) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const std::string_view value = next_value(rest);
      if (!value.empty() && !visit(value)) return;
    }
  }
}

// A parameter of a value that is no address: of "SIP;cause=200;text=\"x\"". Quotes removed.
[[nodiscard]] inline std::string_view value_parameter(std::string_view value,
                                                      std::string_view name) {
  SipNameAddr parts;
  const std::size_t semicolon = value.find(';');
  if (semicolon != std::string_view::npos) parts.parameters = value.substr(semicolon);
  return parts.parameter(name);
}

// What stands before the parameters.
[[nodiscard]] inline std::string_view value_head(std::string_view value) {
  return trim(value.substr(0, value.find(';')));
}

}  // namespace koegura::capture
