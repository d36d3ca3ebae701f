// Who the parties are, as the header fields of a message tell it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "capture/finished_call.h"
#include "capture/sip_message.h"

namespace koegura::capture {

// How far an identity can be trusted; a copy of the message seen on another hop may know better (a
// proxy adds P-Asserted-Identity, RFC 3325).
enum class IdentitySource : std::uint8_t { kNone, kFrom, kPreferred, kAsserted };

struct SourcedIdentity {
  Identity identity;
  IdentitySource source = IdentitySource::kNone;
};

// The caller of an INVITE: P-Asserted-Identity, P-Preferred-Identity, From, in this order. With
// a reason in `withheld` where the number is hidden from the callee (From anonymous, Privacy of
// RFC 3323, or one of the reasons Japanese carriers put into the display name).
[[nodiscard]] SourcedIdentity caller_of(const SipMessage& invite);

// The callee of an INVITE: To; the Request-URI where To names nobody.
[[nodiscard]] Identity callee_of(const SipMessage& invite);

// Who sent this 2xx: P-Asserted-Identity, Remote-Party-ID, the Contact if it holds a number (other
// Contacts are often random words), To otherwise. The last two are kFrom.
[[nodiscard]] SourcedIdentity answerer_of(const SipMessage& response);

// Where its sender is reached: "user@host:port" of the Contact, empty without.
[[nodiscard]] std::string contact_of(const SipMessage& message);

[[nodiscard]] Identity identity_of(const SipNameAddr& address);

}  // namespace koegura::capture
