#include "registrations.h"

#include "header_values.h"
#include "identity.h"
#include "sip_uri.h"
#include "wire_text.h"

namespace koegura::capture {
namespace {

constexpr std::size_t kMaxUser = 256;    // bytes: longer ones are nobody's number
constexpr std::size_t kMaxOwner = 1024;  // of an address of record, its display name included
constexpr int kMaxContacts = 16;         // of one address of record

}  // namespace

void Registrations::on_response(const Endpoint& source, const Endpoint& destination,
                                const SipMessage& message) {
  if (message.method != "REGISTER" || message.status < 200 || message.status >= 300) return;
  registrars_.addresses.add(source.address, limit_);
  registrars_.endpoints.add(source, limit_);
  registrants_.addresses.add(destination.address, limit_);
  registrants_.endpoints.add(destination, limit_);
  const std::string user = percent_decoded(uri_user(message.to.uri));
  if (user.empty() || user.size() > kMaxUser) return;
  users_.add(user, limit_);
  note_contacts(message);
}

// A registrar's 2xx tells every contact of the address of record (RFC 3261 §10.3).
void Registrations::note_contacts(const SipMessage& message) {
  const Identity owner = identity_of(message.to);
  if (owner.uri.size() + owner.display_name.size() > kMaxOwner) return;
  int left = kMaxContacts;
  visit_values(message, "Contact", [&](std::string_view value) {
    const auto contact = SipNameAddr::parse(value);
    const std::string_view address = contact ? uri_address(contact->uri) : std::string_view{};
    if (!address.empty() && address.size() <= kMaxUser) {
      contacts_.add(std::string(address), limit_, owner);
    }
    return --left > 0;
  });
}

CallDirection Registrations::direction_of(const FinishedCall& call) const {
  const bool caller_known = users_.contains(call.caller.user);
  const bool callee_known = users_.contains(call.callee.user);
  const bool from_registrar = is_at(call.caller_hop, registrars_, registrants_);
  const bool from_registrant = is_at(call.caller_hop, registrants_, registrars_);
  const bool to_registrar = is_at(call.callee_hop, registrars_, registrants_);
  const bool to_registrant = is_at(call.callee_hop, registrants_, registrars_);
  if (from_registrar && to_registrant) {
    return caller_known ? CallDirection::kInternal : CallDirection::kIn;
  }
  if (from_registrant && to_registrar) {
    return callee_known ? CallDirection::kInternal : CallDirection::kOut;
  }
  if (to_registrar && !from_registrar && !from_registrant) return CallDirection::kIn;
  if (from_registrar && !to_registrar && !to_registrant) return CallDirection::kOut;
  if (caller_known && callee_known) return CallDirection::kInternal;
  if (caller_known) return CallDirection::kOut;
  return callee_known ? CallDirection::kIn : CallDirection::kUnknown;
}

// A registrar that registers itself elsewhere, or a test on one machine: there the port tells.
bool Registrations::is_at(const Endpoint& endpoint, const Ends& ends, const Ends& others) {
  if (!ends.addresses.contains(endpoint.address)) return false;
  return !others.addresses.contains(endpoint.address) || ends.endpoints.contains(endpoint);
}

}  // namespace koegura::capture
