// SipNameAddr: the address of From, To, Contact and their kin (RFC 3261 §20.10), read leniently:
// RFC 4475 §3.1.1.6 and §3.1.2.14 show what arrives in the field.

#include "capture/sip_message.h"
#include "sip_grammar.h"
#include "wire_text.h"

namespace koegura::capture {
namespace {

// Index of the quote that closes the one at text[0], npos if none does (RFC 3261 quoted-string). A
// backslash that is half of a Shift_JIS character ("表") escapes nothing.
std::size_t closing_quote(std::string_view text) {
  for (std::size_t i = 1; i < text.size();) {
    if (text[i] == '"') return i;
    i += text[i] == '\\' ? 2 : character_length(text.substr(i));
  }
  return std::string_view::npos;
}

std::string_view unquoted(std::string_view text) {
  if (text.empty() || text.front() != '"') return text;
  const std::size_t close = closing_quote(text);
  return close == std::string_view::npos ? text.substr(1) : text.substr(1, close - 1);
}

// Index of the ';' that ends the parameter at the front, or the size.
std::size_t end_of_parameter(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size() && text[i] != ';') {
    if (text[i] == '"') {
      const std::size_t close = closing_quote(text.substr(i));
      if (close == std::string_view::npos) return text.size();
      i += close;
    }
    ++i;
  }
  return i;
}

// addr-spec: without angle brackets, parameters belong to the header and a comma ends the value.
std::optional<SipNameAddr> parse_addr_spec(std::string_view value) {
  SipNameAddr address;
  const std::size_t end = value.find_first_of(";,");
  address.uri = trim(value.substr(0, end));
  // No URI has a space within: what stands before it is a name whose brackets are missing.
  const std::size_t space = address.uri.find_last_of(" \t\r\n");
  if (space != std::string_view::npos && address.uri.find(':', space) != std::string_view::npos) {
    address.display_name = trim(unquoted(trim(address.uri.substr(0, space))));
    address.uri = address.uri.substr(space + 1);
  }
  if (end != std::string_view::npos && value[end] == ';') address.parameters = value.substr(end);
  // A name that nothing follows is no address.
  if (address.uri.empty() || address.uri.front() == '"') return std::nullopt;
  return address;
}

}  // namespace

std::string_view SipNameAddr::parameter(std::string_view name) const {
  std::string_view rest = parameters;
  while (!rest.empty()) {
    const std::size_t end = end_of_parameter(rest);
    const std::string_view parameter = rest.substr(0, end);
    rest = end < rest.size() ? rest.substr(end + 1) : std::string_view();
    const std::size_t equals = parameter.find('=');
    if (!iequals(trim(parameter.substr(0, equals)), name)) continue;
    if (equals == std::string_view::npos) return {};
    return unquoted(trim(parameter.substr(equals + 1)));
  }
  return {};
}

std::optional<SipNameAddr> SipNameAddr::parse(std::string_view value) {
  value = trim(value);
  std::size_t after_name = 0;
  if (!value.empty() && value.front() == '"') {
    const std::size_t close = closing_quote(value);
    // Unbalanced: the quote ends where the address begins (RFC 4475 §3.1.2.6).
    after_name = close == std::string_view::npos ? 0 : close + 1;
  }
  const std::size_t open = value.find('<', after_name);
  if (open == std::string_view::npos) return parse_addr_spec(value.substr(after_name));

  const std::size_t close = value.find('>', open);
  if (close == std::string_view::npos) return std::nullopt;
  SipNameAddr address;
  address.display_name = trim(unquoted(trim(value.substr(0, open))));
  address.uri = trim(value.substr(open + 1, close - open - 1));
  address.parameters = trim(value.substr(close + 1));
  if (address.uri.empty()) return std::nullopt;
  return address;
}

}  // namespace koegura::capture
