#include "identity.h"

#include <algorithm>
#include <array>
#include <utility>

#include "header_values.h"
#include "sip_grammar.h"
#include "sip_uri.h"
#include "wire_text.h"

namespace koegura::capture {
namespace {

// Why a number is hidden: the words that Japanese carriers put into the display name, and what
// telephones make of them.
struct WithheldReason {
  std::string_view name;
  std::string_view reason;
};
constexpr std::string_view kAnonymous = "Anonymous";
constexpr std::string_view kUnavailable = "Unavailable";
constexpr std::array<WithheldReason, 9> kWithheldReasons = {
    {{"Anonymous", kAnonymous},
     {"Coin line/payphone", "Coin line/payphone"},
     {"Unavailable", kUnavailable},
     {"Interaction with other service", "Interaction with other service"},
     {"非通知", kAnonymous},
     {"公衆電話", "Coin line/payphone"},
     {"表示圏外", kUnavailable},
     {"通知不可能", kUnavailable},
     {"サービス競合", "Interaction with other service"}}};

// The first address of the header fields that names a user: a trunk may assert its own host first.
std::optional<SipNameAddr> address_in(const SipMessage& message, std::string_view header) {
  std::optional<SipNameAddr> found;
  visit_values(message, header, [&found](std::string_view value) {
    const auto address = SipNameAddr::parse(value);
    if (!address) return true;
    const bool names_user = !uri_user(address->uri).empty();
    if (!found || names_user) found = address;
    return !names_user;
  });
  return found;
}

// Privacy: id and user hide who calls (RFC 3323 §4.2, RFC 3325 §9.3); header, session, history and
// critical by themselves do not.
bool asks_for_privacy(const SipMessage& message) {
  bool hidden = false;
  visit_values(message, "Privacy", [&hidden](std::string_view values) {
    while (!values.empty()) {
      const std::string_view value = trim(split_off(values, ';'));
      hidden |= iequals(value, "id") || iequals(value, "user");
    }
    return !hidden;
  });
  return hidden;
}

// `from` is the INVITE's.
std::string withheld_reason(const SipMessage& invite, const Identity& from) {
  for (const WithheldReason& known : kWithheldReasons) {
    if (iequals(known.name, from.display_name)) return std::string(known.reason);
  }
  if (iequals(from.user, "unavailable") && iends_with(uri_host(invite.from.uri), ".invalid")) {
    return std::string(kUnavailable);
  }
  const bool hidden = iequals(from.user, "anonymous") || asks_for_privacy(invite);
  return hidden ? std::string(kAnonymous) : std::string();
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
  identity.user = percent_decoded(uri_user(address.uri));
  identity.display_name = unescaped_text(address.display_name);
  return identity;
}

SourcedIdentity caller_of(const SipMessage& invite) {
  Identity from = identity_of(invite.from);
  std::string withheld = withheld_reason(invite, from);
  SourcedIdentity caller;
  if (const auto asserted = address_in(invite, "P-Asserted-Identity")) {
    caller = {identity_of(*asserted), IdentitySource::kAsserted};
  } else if (const auto preferred = address_in(invite, "P-Preferred-Identity")) {
    caller = {identity_of(*preferred), IdentitySource::kPreferred};
  } else {
    caller = {from, IdentitySource::kFrom};
  }
  // An asserted number often comes without the name that From has.
  if (caller.identity.display_name.empty() && withheld.empty()) {
    caller.identity.display_name = std::move(from.display_name);
  }
  caller.identity.withheld = std::move(withheld);
  return caller;
}

Identity callee_of(const SipMessage& invite) {
  Identity callee = identity_of(invite.to);
  if (!callee.user.empty() || uri_user(invite.request_uri).empty()) return callee;
  SipNameAddr target;
  target.uri = invite.request_uri;
  return identity_of(target);
}

SourcedIdentity answerer_of(const SipMessage& response) {
  if (const auto asserted = address_in(response, "P-Asserted-Identity")) {
    return {identity_of(*asserted), IdentitySource::kAsserted};
  }
  if (const auto remote = address_in(response, "Remote-Party-ID")) {
    return {identity_of(*remote), IdentitySource::kPreferred};
  }
  Identity to = identity_of(response.to);
  const auto contact = address_in(response, "Contact");
  if (contact && is_number(uri_user(contact->uri))) {
    Identity answerer = identity_of(*contact);
    if (answerer.user != to.user) return {std::move(answerer), IdentitySource::kFrom};
  }
  return {std::move(to), IdentitySource::kFrom};
}

std::string contact_of(const SipMessage& message) {
  const auto contact = address_in(message, "Contact");
  return contact ? std::string(uri_address(contact->uri)) : std::string();
}

}  // namespace koegura::capture
