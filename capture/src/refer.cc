#include "refer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "header_values.h"
#include "identity.h"
#include "sip_grammar.h"
#include "sip_uri.h"
#include "wire_text.h"

namespace koegura::capture {
namespace {

constexpr std::size_t kMaxRefers = 16;

std::size_t text_size(const Refer& refer) {
  const Identity& target = refer.target;
  std::size_t size = target.uri.size() + target.user.size() + target.display_name.size();
  if (refer.replaces) size += text_size(*refer.replaces);
  return size;
}

// Who is to be called. Nothing where the REFER asks for something else: a conference is asked for
// a BYE to remove somebody (RFC 4579 §5.11).
std::optional<Refer> referral(const Sighting& sighting) {
  const auto refer_to = SipNameAddr::parse(sighting.message.header("Refer-To"));
  if (!refer_to) return std::nullopt;
  const std::string_view method = uri_parameter(refer_to->uri, "method");
  if (!method.empty() && !iequals(method, "INVITE")) return std::nullopt;
  Refer refer;
  refer.at = sighting.time;
  refer.by = sighting.requester;
  SipNameAddr target = *refer_to;
  target.uri = uri_without_headers(refer_to->uri);
  if (target.uri.empty()) return std::nullopt;
  refer.target = identity_of(target);
  refer.replaces = dialog_in_replaces(uri_header(refer_to->uri, "Replaces"));
  return refer;
}

// The status line that a message/sipfrag begins with (RFC 3420, RFC 3515 §2.4.5).
std::optional<std::uint16_t> status_in_fragment(const SipMessage& notify) {
  std::string_view fragment = sip_body_of_type(notify, "message/sipfrag");
  if (fragment.empty()) fragment = notify.body;
  fragment = trim(fragment);
  if (!istarts_with(next_word(fragment), "SIP/")) return std::nullopt;
  const auto status = decimal<std::uint16_t>(next_word(fragment));
  if (!status || *status < 100 || *status > 699) return std::nullopt;
  return status;
}

}  // namespace

std::optional<DialogId> dialog_in_replaces(std::string_view value) {
  DialogId dialog;
  dialog.call_id = wire_text(value_head(value));
  dialog.to_tag = wire_text(value_parameter(value, "to-tag"));
  dialog.from_tag = wire_text(value_parameter(value, "from-tag"));
  if (dialog.call_id.empty() || dialog.to_tag.empty() || dialog.from_tag.empty()) {
    return std::nullopt;
  }
  while (!value.empty()) dialog.early_only |= iequals(trim(split_off(value, ';')), "early-only");
  return dialog;
}

std::size_t text_size(const DialogId& dialog) {
  return dialog.call_id.size() + dialog.to_tag.size() + dialog.from_tag.size();
}

void Referrals::on_refer(const Sighting& sighting, LegShare& share) {
  if (asked(sighting.requester, sighting.message.cseq) != nullptr) return;
  auto refer = referral(sighting);
  if (!refer) return;
  if (!asked_.empty()) {
    Asked& last = asked_.back();
    const bool again = last.refer.by == refer->by && last.refer.target.uri == refer->target.uri &&
                       is_challenge(last.refer.status);
    if (again) {
      last.refer.status = 0;
      last.refer.done.reset();
      last.cseq = sighting.message.cseq;
      return;
    }
  }
  if (!share.has_room(asked_.size(), kMaxRefers, text_size(*refer))) return;
  asked_.push_back({std::move(*refer), sighting.message.cseq});
}

void Referrals::on_response(const Sighting& sighting) {
  const SipMessage& message = sighting.message;
  Asked* const about = asked(sighting.requester, message.cseq);
  if (about == nullptr || about->refer.done || message.status < 200) return;
  if (message.status < 300) {
    // Without a subscription nothing will be told (RFC 4488 §4).
    about->awaited = !iequals(message.header("Refer-Sub"), "false");
    return;
  }
  about->awaited = false;
  about->refer.status = message.status;
  about->refer.done = sighting.time;
}

void Referrals::on_notify(const Sighting& sighting) {
  if (asked_.empty()) return;
  Asked* const about = notified(sighting);
  if (about == nullptr || about->refer.done) return;
  const SipMessage& message = sighting.message;
  const bool over = iequals(value_head(message.header("Subscription-State")), "terminated");
  about->awaited = !over;
  const auto status = status_in_fragment(message);
  if (!status) return;
  about->refer.status = *status;
  if (*status < 200) return;
  about->refer.done = sighting.time;
  about->awaited = false;
}

bool Referrals::await_outcome() const {
  return std::any_of(asked_.begin(), asked_.end(), [](const Asked& a) { return a.awaited; });
}

std::vector<Refer> Referrals::take() && {
  std::vector<Refer> refers;
  refers.reserve(asked_.size());
  for (Asked& asked : asked_) refers.push_back(std::move(asked.refer));
  return refers;
}

Referrals::Asked* Referrals::asked(Side by, std::uint32_t cseq) {
  const auto found = std::find_if(asked_.begin(), asked_.end(), [&](const Asked& a) {
    return a.refer.by == by && a.cseq == cseq;
  });
  return found == asked_.end() ? nullptr : &*found;
}

// "Event: refer;id=…" names the REFER by its CSeq (§2.4.6). Without an id it is the only one that
// is still open; of several nobody could say which.
Referrals::Asked* Referrals::notified(const Sighting& sighting) {
  const std::string_view event = sighting.message.header("Event");
  if (!iequals(value_head(event), "refer")) return nullptr;
  const Side by = other(sighting.requester);
  const std::string_view id = value_parameter(event, "id");
  if (!id.empty()) {
    const auto cseq = decimal<std::uint32_t>(id);
    return cseq ? asked(by, *cseq) : nullptr;
  }
  Asked* only = nullptr;
  for (Asked& candidate : asked_) {
    if (candidate.refer.by != by || candidate.refer.done) continue;
    if (only != nullptr) return nullptr;
    only = &candidate;
  }
  return only;
}

}  // namespace koegura::capture
