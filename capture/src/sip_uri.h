// The parts of a SIP or tel URI (RFC 3261 §19.1.1, RFC 3966 §3): scheme:user@host;parameter?header.
// Read leniently, as views into the URI.
#pragma once

#include <string>
#include <string_view>

namespace koegura::capture {

// "user" of "sip:user;x=y:password@host", the number of a tel: URI; still escaped.
[[nodiscard]] std::string_view uri_user(std::string_view uri);

[[nodiscard]] std::string_view uri_host(std::string_view uri);

// "user@host:port" as written; empty without a user.
[[nodiscard]] std::string_view uri_address(std::string_view uri);

// The value of a URI parameter, empty if it is absent or has none.
[[nodiscard]] std::string_view uri_parameter(std::string_view uri, std::string_view name);

[[nodiscard]] std::string_view uri_without_headers(std::string_view uri);

// The first header field of that name that the URI asks for, escapes taken off.
[[nodiscard]] std::string uri_header(std::string_view uri, std::string_view name);

}  // namespace koegura::capture
