#include "identity.h"

#include <algorithm>
#include <array>

#include "sip_grammar.h"
#include "wire_text.h"

namespace koegura::capture {
namespace {

// Japanese carriers' reasons for a hidden number: 非通知, 公衆電話, 表示圏外, サービス競合.
// サービス競合.
constexpr std::array<std::string_view, 4> kWithheldReasons = {
    "Anonymous", "Coin line/payphone", "Unavailable", "Interaction with other service"};

// What stands between the scheme and the host: "user" of "sip:user;x=y@host", the number of tel:.
std::string_view user_part(std::string_view uri) {
  const std::size_t colon = uri.find(':');
  const std::string_view scheme = uri.substr(0, colon == std::string_view::npos ? 0 : colon);
  std::string_view rest = colon == std::string_view::npos ? uri : uri.substr(colon + 1);
  if (iequals(scheme, "tel")) return rest.substr(0, rest.find_first_of(";?"));
  const std::size_t at = rest.find('@');
  if (at == std::string_view::npos) return {};
  rest = rest.substr(0, at);
  return rest.substr(0, rest.find_first_of(";:"));  // without parameters and password
}

std::optional<SipNameAddr> address_in(const SipMessage& message, std::string_view header) {
  const std::string_view value = message.header(header);
  return value.empty() ? std::nullopt : SipNameAddr::parse(value);
}

// Privacy: id and user hide who calls (RFC 3323 §4.2, RFC 3325 §9.3).
bool asks_for_privacy(const SipMessage& message) {
  std::string_view rest = message.header("Privacy");
  while (!rest.empty()) {
    const std::string_view value = trim(split_off(rest, ';'));
    if (iequals(value, "id") || iequals(value, "user")) return true;
  }
  return false;
}

std::string withheld_reason(const SipMessage& invite) {
  const std::string_view name = invite.from.display_name;
  const auto reason = std::find_if(kWithheldReasons.begin(), kWithheldReasons.end(),
                                   [&name](std::string_view r) { return iequals(r, name); });
  if (reason != kWithheldReasons.end()) return std::string(*reason);
  const bool hidden = iequals(user_part(invite.from.uri), "anonymous") || asks_for_privacy(invite);
  return hidden ? std::string(kWithheldReasons[0]) : std::string();
}

bool is_number(std::string_view user) {
  return !user.empty() && std::all_of(user.begin(), user.end(), [](char c) {
    return is_digit(c) || c == '+' || c == '*' || c == '#' || c == '-';
  });
}

}  // namespace

Identity identity_of(const SipNameAddr& address) {
  Identity identity;
  identity.uri = wire_text(address.uri);
  identity.user = percent_decoded(user_part(address.uri));
  identity.display_name = unescaped_text(address.display_name);
  return identity;
}

SourcedIdentity caller_of(const SipMessage& invite) {
  SourcedIdentity caller{identity_of(invite.from), IdentitySource::kFrom};
  if (const auto asserted = address_in(invite, "P-Asserted-Identity")) {
    caller = {identity_of(*asserted), IdentitySource::kAsserted};
  } else if (const auto preferred = address_in(invite, "P-Preferred-Identity")) {
    caller = {identity_of(*preferred), IdentitySource::kPreferred};
  }
  caller.identity.withheld = withheld_reason(invite);
  // An asserted number often comes without the name that From has.
  if (caller.identity.display_name.empty() && caller.identity.withheld.empty()) {
    caller.identity.display_name = unescaped_text(invite.from.display_name);
  }
  return caller;
}

Identity callee_of(const SipMessage& invite) {
  Identity callee = identity_of(invite.to);
  if (!callee.user.empty() || user_part(invite.request_uri).empty()) return callee;
  SipNameAddr target;
  target.uri = invite.request_uri;
  return identity_of(target);
}

Identity answerer_of(const SipMessage& response) {
  if (const auto asserted = address_in(response, "P-Asserted-Identity")) {
    return identity_of(*asserted);
  }
  if (const auto remote = address_in(response, "Remote-Party-ID")) return identity_of(*remote);
  const auto contact = address_in(response, "Contact");
  if (contact && is_number(user_part(contact->uri))) {
    Identity answerer = identity_of(*contact);
    if (answerer.user == percent_decoded(user_part(response.to.uri)))
      return identity_of(response.to);
    return answerer;
  }
  return identity_of(response.to);
}

}  // namespace koegura::capture
