// Who takes part in a leg, and where: the parties, who answered, the hop.

#include <algorithm>
#include <utility>

#include "leg.h"

namespace koegura::capture {

void Leg::note_parties(const Sighting& sighting) {
  const SipMessage& message = sighting.message;
  if (sighting.requester != Side::kCaller) return;
  const bool initial = sighting.is_initial_invite();
  if (caller_source_ != IdentitySource::kNone && (!initial || call_.answered)) return;
  // Until the INVITE is seen, a response's From is what there is.
  SourcedIdentity caller = message.is_request()
                               ? caller_of(message)
                               : SourcedIdentity{identity_of(message.from), IdentitySource::kFrom};
  if (caller.source > caller_source_ || (initial && !begin_seen_)) {
    call_.caller = std::move(caller.identity);
    caller_source_ = caller.source;
  }
  if (call_.callee.uri.empty() || (initial && !begin_seen_)) call_.callee = callee_of(message);
}

// Between which two the INVITE went; where it was not seen, its response came the other way.
void Leg::note_hops(const Sighting& sighting) {
  if (sighting.is_initial_invite()) {
    call_.caller_hop = sighting.source;
    call_.callee_hop = sighting.destination;
  } else if (!sighting.message.is_request()) {
    call_.caller_hop = sighting.destination;
    call_.callee_hop = sighting.source;
  }
}

// `first`: the dialog was not confirmed before; otherwise another hop shows the same 2xx, and may
// know better.
void Leg::note_answerer(const Sighting& sighting, bool first) {
  const SipMessage& message = sighting.message;
  const bool by_callee = sighting.requester == Side::kCaller && !message.is_request();
  SourcedIdentity answerer =
      by_callee ? answerer_of(message) : SourcedIdentity{call_.callee, IdentitySource::kNone};
  const bool is_told = answerer.source > IdentitySource::kFrom;
  std::string contact = by_callee && !is_told ? contact_of(message) : std::string();
  const std::string_view tag = sighting.callee_tag();
  const bool is_first_dialog = dialogs_.empty() || dialogs_.front() == tag;
  if (!is_first_dialog) {
    if (first && rivals_.size() < kMaxDialogs) {
      rivals_.push_back({std::string(tag), std::move(answerer.identity), std::move(contact)});
    }
    return;
  }
  if (!first && answerer.source <= answerer_source_) return;
  call_.answered_by = std::move(answerer.identity);
  answerer_source_ = answerer.source;
  answerer_contact_ = std::move(contact);
}

// After a fork that was answered twice, the caller hangs up one dialog and talks on in the other
// (RFC 3261 §13.2.2.4). So does the end of a dialog that no 2xx confirmed leave the leg alone.
bool Leg::ends_one_of_several_dialogs(std::string_view callee_tag) {
  if (dialogs_.empty()) return false;
  const auto dialog = std::find(dialogs_.begin(), dialogs_.end(), callee_tag);
  if (dialog == dialogs_.end()) return true;
  const bool was_first = dialog == dialogs_.begin();
  dialogs_.erase(dialog);
  if (dialogs_.empty()) return false;
  // Who stays on the line is who answered.
  const auto rival = std::find_if(rivals_.begin(), rivals_.end(),
                                  [&](const Rival& r) { return r.tag == dialogs_.front(); });
  if (was_first && rival != rivals_.end()) {
    call_.answered_by = std::move(rival->identity);
    answerer_source_ = IdentitySource::kNone;
    answerer_contact_ = std::move(rival->contact);
    rivals_.erase(rival);
  }
  return true;
}

}  // namespace koegura::capture
