#include "leg_links.h"

#include <algorithm>
#include <string>
#include <utility>

#include "diversions.h"
#include "header_values.h"
#include "sip_grammar.h"
#include "wire_text.h"

namespace koegura::capture {
namespace {

constexpr std::size_t kMaxSessionIds = 8;
constexpr std::size_t kMaxCalleeTags = 16;
constexpr std::size_t kUuidDigits = 32;

bool is_hex(char c) {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
}

}  // namespace

void LegLinks::note(const Sighting& sighting, FinishedCall& call) {
  const SipMessage& message = sighting.message;
  if (sighting.is("INVITE") || sighting.is("UPDATE")) {
    if (message.status != 100) note_session(message, call.links);
    if (sighting.is_initial_invite() && sighting.requester == Side::kCaller) {
      note_initial_invite(message, call);
    }
  } else if (sighting.is("REFER")) {
    if (message.is_request()) referrals_.on_refer(sighting, share_);
    if (!message.is_request()) referrals_.on_response(sighting);
  } else if (sighting.is("NOTIFY") && message.is_request()) {
    referrals_.on_notify(sighting);
  }
  note_callee_tag(sighting, call.links);
}

void LegLinks::note_initial_invite(const SipMessage& invite, FinishedCall& call) {
  bool diverted = false;
  std::string_view replaces;
  std::string_view referred_by;
  for (const SipHeader& field : invite.headers) {
    switch (field.name.size()) {
      case 8:
        if (replaces.empty() && iequals(field.name, "Replaces")) replaces = field.value;
        break;
      case 9:
        diverted |= iequals(field.name, "Diversion");
        break;
      case 11:
        if (referred_by.empty() && iequals(field.name, "Referred-By")) referred_by = field.value;
        break;
      case 12:
        diverted |= iequals(field.name, "History-Info");
        break;
      default:
        break;
    }
  }
  Links& links = call.links;
  if (!replaces.empty() && !links.replaces) {
    auto dialog = dialog_in_replaces(replaces);
    if (dialog && share_.has_room(0, 1, text_size(*dialog))) links.replaces = std::move(dialog);
  }
  if (!referred_by.empty() && links.referred_by.empty()) {
    const auto referrer = SipNameAddr::parse(referred_by);
    std::string uri = referrer ? wire_text(referrer->uri) : std::string();
    if (share_.has_room(0, 1, uri.size())) links.referred_by = std::move(uri);
  }
  if (diverted) share_.refuse(add_diversions(diversions_of(invite), call.diversions));
}

// Both ends' halves of the identifier (RFC 7989 §5), or the one that RFC 7329 has.
void LegLinks::note_session(const SipMessage& message, Links& links) {
  const std::string_view value = message.header("Session-ID");
  if (value.empty()) return;
  note_session_id(value_head(value), links);
  note_session_id(value_parameter(value, "remote"), links);
}

void LegLinks::note_session_id(std::string_view uuid, Links& links) {
  if (uuid.size() != kUuidDigits || !std::all_of(uuid.begin(), uuid.end(), is_hex)) return;
  // The nil UUID says that the other half is not known yet (§5).
  if (uuid.find_first_not_of('0') == std::string_view::npos) return;
  std::vector<std::string>& known = links.session_ids;
  const auto same = [uuid](const std::string& id) { return iequals(id, uuid); };
  if (std::any_of(known.begin(), known.end(), same)) return;
  if (!share_.has_room(known.size(), kMaxSessionIds, uuid.size())) return;
  std::string id(uuid);
  std::transform(id.begin(), id.end(), id.begin(), lower);
  known.push_back(std::move(id));
}

// Where the INVITE's responses were not seen, any message of the dialog tells it.
void LegLinks::note_callee_tag(const Sighting& sighting, Links& links) {
  const SipMessage& message = sighting.message;
  const bool opens = sighting.is("INVITE") && message.status > 100 && message.status < 300;
  if (!opens && !links.callee_tags.empty()) return;
  if (message.status >= 300) return;  // no dialog came of it
  const std::string_view tag = sighting.callee_tag();
  if (tag.empty()) return;
  std::string text = wire_text(tag);
  std::vector<std::string>& known = links.callee_tags;
  if (std::find(known.begin(), known.end(), text) != known.end()) return;
  if (share_.has_room(known.size(), kMaxCalleeTags, text.size())) known.push_back(std::move(text));
}
}  // namespace koegura::capture
