#include "sip_uri.h"

#include "sip_grammar.h"
#include "wire_text.h"

namespace koegura::capture {
namespace {

// A user part may hold '?' and ';' (§25.1 user-unreserved), so they mean something only behind the
// '@'; a header field may hold neither '@' nor '?' unescaped.
struct Parts {
  std::string_view scheme;
  std::string_view user;  // with its parameters and password
  std::string_view host;  // with its port
  std::string_view parameters;
  std::string_view headers;

  explicit Parts(std::string_view uri) {
    const std::size_t colon = uri.find(':');
    if (colon != std::string_view::npos) scheme = uri.substr(0, colon);
    std::string_view rest = colon == std::string_view::npos ? uri : uri.substr(colon + 1);
    if (iequals(scheme, "tel")) {
      headers = cut(rest, '?');
      parameters = cut(rest, ';');
      user = rest;
      return;
    }
    const std::size_t at = rest.find('@');
    if (at != std::string_view::npos) {
      user = rest.substr(0, at);
      rest = rest.substr(at + 1);
    }
    headers = cut(rest, '?');
    parameters = cut(rest, ';');
    host = rest;
  }

  // Takes off what stands behind the separator.
  static std::string_view cut(std::string_view& text, char separator) {
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) return {};
    const std::string_view behind = text.substr(at + 1);
    text = text.substr(0, at);
    return behind;
  }
};

}  // namespace

std::string_view uri_user(std::string_view uri) {
  const Parts parts(uri);
  return parts.user.substr(0, parts.user.find_first_of(";:"));
}

std::string_view uri_host(std::string_view uri) {
  const std::string_view host = Parts(uri).host;
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

std::string_view uri_address(std::string_view uri) {
  const Parts parts(uri);
  if (parts.user.empty() || parts.host.empty()) return {};
  return {parts.user.data(),
          static_cast<std::size_t>(parts.host.data() + parts.host.size() - parts.user.data())};
}

std::string_view uri_parameter(std::string_view uri, std::string_view name) {
  std::string_view rest = Parts(uri).parameters;
  while (!rest.empty()) {
    std::string_view value = split_off(rest, ';');
    if (iequals(split_off(value, '='), name)) return value;
  }
  return {};
}

std::string_view uri_without_headers(std::string_view uri) {
  const std::string_view headers = Parts(uri).headers;
  return headers.empty() ? uri : uri.substr(0, uri.size() - headers.size() - 1);
}

std::string uri_header(std::string_view uri, std::string_view name) {
  std::string_view rest = Parts(uri).headers;
  while (!rest.empty()) {
    std::string_view value = split_off(rest, '&');
    if (iequals(split_off(value, '='), name)) return percent_decoded(value);
  }
  return {};
}

}  // namespace koegura::capture
