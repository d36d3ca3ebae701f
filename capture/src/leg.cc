#include "leg.h"

#include <algorithm>

#include "dtmf_info.h"
#include "reason.h"
#include "sip_grammar.h"
#include "wire_text.h"

namespace koegura::capture {
namespace {

constexpr std::size_t kMaxDigits = 4096;
constexpr std::size_t kMaxBranches = 16;
constexpr std::uint32_t kMaxSessionExpires = 7 * 24 * 3600;

std::uint64_t hash_text(std::uint64_t hash, std::string_view text) {
  return mix(hash, std::hash<std::string_view>{}(text));
}

std::string_view description_in(const SipMessage& message) {
  if (message.body.empty()) return {};
  // Without Content-Type a body is only guessed (RFC 3261 §20.15); a session description is plain
  // to see.
  if (message.content_type.empty() && message.body.starts_with("v=")) return message.body;
  return sip_body_of_type(message, "application/sdp");
}

}  // namespace

Leg::Leg(LegId id, const Sighting& first, const SignallingOptions& options, SignallingSink& sink)
    : id_(id),
      options_(&options),
      sink_(&sink),
      wire_call_id_(first.message.call_id),
      caller_tag_(first.message.from.tag()),
      invite_cseq_(first.message.cseq),
      last_message_(first.time) {
  call_.call_id = wire_text(wire_call_id_);
  call_.from_tag = wire_text(caller_tag_);
  call_.start = first.time;
  if (!first.is_initial_invite() && first.message.is_request()) phase_ = Phase::kAnswered;
  note_hops(first);
}

Leg::Seen Leg::on_message(const Sighting& sighting) {
  last_message_ = std::max(last_message_, sighting.time);
  note_alive(sighting.time);
  if (is_repeated(sighting)) return Seen::kRetransmission;
  note_parties(sighting);
  links_.note(sighting, call_);
  if (sighting.message.is_request()) {
    on_request(sighting);
  } else {
    on_response(sighting);
  }
  return on_description(sighting) ? Seen::kNew : Seen::kBadDescription;
}

void Leg::on_media_heard(Timestamp time) {
  media_heard_ = true;
  last_media_ = std::max(last_media_, time);
  note_alive(time);
}

// The same message on the same way again: sent again, or mirrored twice. A response may come
// several times in one transaction and say something new (a 183 with another body).
bool Leg::is_repeated(const Sighting& sighting) {
  const SipMessage& message = sighting.message;
  std::uint64_t hash = mix(hash_of(sighting.source), hash_of(sighting.destination));
  hash = mix(hash, (std::uint64_t{message.cseq} << 32U) | message.status);
  hash = hash_text(hash, message.method);
  hash = hash_text(hash, message.top_branch);
  hash = hash_text(hash, message.to.tag());
  hash = hash_text(hash, message.body);
  if (std::find(recent_.begin(), recent_.end(), hash) != recent_.end()) return true;
  recent_[next_recent_++ % recent_.size()] = hash;
  return false;
}

void Leg::on_request(const Sighting& sighting) {
  if (sighting.is_initial_invite() && sighting.requester == Side::kCaller && !call_.answered) {
    on_initial_invite(sighting);
  }
  if (sighting.is("INVITE") || sighting.is("UPDATE")) {
    negotiation_.begin(exchange(sighting), !call_.answered && begin_seen_);
  } else if (sighting.is("CANCEL")) {
    on_cancel(sighting);
  } else if (sighting.is("BYE")) {
    on_bye(sighting);
  } else if (sighting.is("INFO")) {
    on_info(sighting);
  } else if (proves_answer(sighting)) {
    on_invite_success(sighting);
  }
}

// An answer that the mirror did not show: the ACK of a failure has its INVITE's branch (RFC 3261
// §17.1.1.3), that of a 2xx is a transaction of its own (§13.2.2.4).
bool Leg::proves_answer(const Sighting& sighting) {
  const SipMessage& message = sighting.message;
  const bool waiting = phase_ == Phase::kCalling || phase_ == Phase::kCancelled;
  return sighting.is("ACK") && sighting.requester == Side::kCaller && waiting && begin_seen_ &&
         !failure_ && message.cseq == invite_cseq_ && !message.to.tag().empty() &&
         !message.top_branch.empty() && branch(message.top_branch) == nullptr;
}

void Leg::on_response(const Sighting& sighting) {
  const std::uint16_t status = sighting.message.status;
  const bool is_invite = sighting.is("INVITE");
  if (!is_invite && !sighting.is("UPDATE")) return;
  if (status < 200) {
    if (is_invite && !call_.answered) on_provisional(sighting);
    return;
  }
  if (status < 300) {
    if (is_invite) on_invite_success(sighting);
    negotiation_.accept(exchange(sighting));
    note_session_timer(sighting);
    return;
  }
  const bool established = call_.answered || phase_ == Phase::kAnswered;
  if (is_invite && sighting.requester == Side::kCaller && !established) {
    on_invite_failure(sighting);
  } else {
    announce(negotiation_.refuse(exchange(sighting), sighting.time));
  }
}

void Leg::on_provisional(const Sighting& sighting) {
  const std::uint16_t status = sighting.message.status;
  const auto earliest = [&](std::optional<Timestamp>& time) {
    time = std::min(time.value_or(sighting.time), sighting.time);
  };
  if (status == 180 || status == 183) earliest(call_.ringing);
  if (status > 100 && !description_in(sighting.message).empty()) earliest(call_.early_media);
}

// The INVITE of a new attempt (higher CSeq: with credentials, redirected), or the same one on
// another hop or to another target.
void Leg::on_initial_invite(const Sighting& sighting) {
  const SipMessage& message = sighting.message;
  const bool newer = !begin_seen_ || message.cseq > invite_cseq_;
  if (!newer && (message.cseq < invite_cseq_ || branch(message.top_branch) != nullptr)) return;
  call_.start = std::min(call_.start, sighting.time);
  if (!begin_seen_) note_hops(sighting);
  begin_seen_ = true;
  if (newer) {
    invite_cseq_ = message.cseq;
    branches_.clear();
    cancelled_.reset();
  }
  failure_.reset();
  // A proxy tries the next target; it had cancelled the last one, and nobody gave up.
  if (!branches_.empty() && branches_.front().source == sighting.source) cancelled_.reset();
  if (has_room(branches_, kMaxBranches)) {
    branches_.push_back({std::string(message.top_branch), sighting.source});
  }
  come_back();
}

void Leg::come_back() {
  if (phase_ == Phase::kReleased && !by_failure_) return;
  // Whoever listens was told that the endpoints are free.
  if (phase_ == Phase::kReleased) announce(negotiation_.media().size());
  phase_ = cancelled_ ? Phase::kCancelled : Phase::kCalling;
  by_failure_ = false;
}

// A proxy cancels the branches of a fork that lost (RFC 3261 §16.7); only the caller's own CANCEL,
// which has the branch of the caller's INVITE (§9.1), is the caller giving up. Where that hop is
// not seen, it is when all branches are cancelled.
void Leg::on_cancel(const Sighting& sighting) {
  if (cancelled_ || phase_ != Phase::kCalling || sighting.requester != Side::kCaller) return;
  if (Branch* const target = branch(sighting.message.top_branch); target != nullptr) {
    target->cancelled = true;
    const bool all = std::all_of(branches_.begin(), branches_.end(),
                                 [](const Branch& b) { return b.cancelled || b.refused; });
    if (!all && !is_callers_own(*target)) return;
  }
  Reasons reasons = reasons_of(sighting.message);
  cancelled_ = Cancel{sighting.time, std::move(reasons.text), reasons.elsewhere};
  phase_ = Phase::kCancelled;
}

void Leg::on_bye(const Sighting& sighting) {
  if (phase_ == Phase::kReleased) return;
  if (ends_one_of_several_dialogs(sighting.callee_tag())) return;
  // Only a caller may send BYE in an early dialog (RFC 3261 §15): from the callee, or after an
  // outage, it means that the capture lacks the 2xx.
  CallState state = CallState::kInterrupted;
  if (begin_seen_ && call_.answered) state = CallState::kAnswered;
  const bool may_be_early = sighting.requester == Side::kCaller && !resumed_;
  if (begin_seen_ && !call_.answered && may_be_early) state = CallState::kCancelled;
  const ReleasedBy by =
      sighting.requester == Side::kCaller ? ReleasedBy::kCaller : ReleasedBy::kCallee;
  const Reasons reasons = reasons_of(sighting.message);
  release(sighting.time, state,
          {200, reasons.text.empty() ? "BYE" : reasons.text, by, reasons.elsewhere});
}

void Leg::on_info(const Sighting& sighting) {
  const auto digit = dtmf_in_info(sighting.message);
  if (!digit) return;
  // Another hop shows the same request with another branch.
  const std::uint64_t hash =
      mix(hash_text(0, "INFO"), (std::uint64_t{sighting.message.cseq} << 1U) |
                                    static_cast<std::uint64_t>(sighting.requester));
  if (std::find(recent_.begin(), recent_.end(), hash) != recent_.end()) return;
  recent_[next_recent_++ % recent_.size()] = hash;
  if (has_room(call_.digits, kMaxDigits)) {
    call_.digits.push_back({sighting.time, *digit, sighting.requester});
  }
}

void Leg::on_invite_success(const Sighting& sighting) {
  const SipMessage& message = sighting.message;
  if (phase_ == Phase::kReleased && !by_failure_) return;
  const std::string_view tag = sighting.callee_tag();
  const bool known = std::find(dialogs_.begin(), dialogs_.end(), tag) != dialogs_.end();
  if (!known && has_room(dialogs_, kMaxDialogs)) dialogs_.emplace_back(tag);
  if (call_.answered) {
    // Another hop's copy; captures of several interfaces are not always in order of time.
    if (message.cseq == invite_cseq_ && sighting.requester == Side::kCaller) {
      call_.answered = std::min(*call_.answered, sighting.time);
      note_answerer(sighting, !known);
    }
    return;
  }
  come_back();
  phase_ = Phase::kAnswered;
  failure_.reset();
  cancelled_.reset();  // it crossed the answer (RFC 3261 §9.1)
  call_.answered = sighting.time;
  note_answerer(sighting, true);
}

void Leg::on_invite_failure(const Sighting& sighting) {
  const SipMessage& message = sighting.message;
  if (begin_seen_ && message.cseq != invite_cseq_) return;
  if (phase_ == Phase::kReleased) return;
  Branch* const refused = branch(message.top_branch);
  if (refused != nullptr) refused->refused = true;
  const std::string reason = reasons_of(message).text;
  failure_ = Failure{sighting.time, message.status,
                     reason.empty() ? wire_text(message.reason_phrase) : reason};
  if (!was_refused(refused)) return;
  if (is_challenge(message.status) && !cancelled_) {
    phase_ = Phase::kChallenged;
  } else {
    end_by_failure();
  }
}

// Whether the session description could be read, if there is one.
bool Leg::on_description(const Sighting& sighting) {
  if (phase_ == Phase::kReleased) return true;
  const std::string_view text = description_in(sighting.message);
  if (text.empty() || sighting.message.status >= 300) return true;
  const auto sdp = parse_sdp(text);
  if (!sdp) return false;
  announce(negotiation_.describe(sighting.time, sighting.sender(), *sdp));
  return true;
}

void Leg::announce(std::size_t newest) {
  const std::vector<NegotiatedMedia>& media = negotiation_.media();
  for (std::size_t i = media.size() - newest; i < media.size(); ++i) sink_->on_media(id_, media[i]);
}

void Leg::note_session_timer(const Sighting& sighting) {
  const std::string_view value = sighting.message.header("Session-Expires");
  const auto seconds = decimal<std::uint32_t>(trim(value.substr(0, value.find(';'))));
  session_expires_.reset();
  if (seconds && *seconds > 0) {
    session_expires_ = std::chrono::seconds(std::min(*seconds, kMaxSessionExpires));
  }
  session_refreshed_ = sighting.time;
}

Leg::Branch* Leg::branch(std::string_view id) {
  const auto found = std::find_if(branches_.begin(), branches_.end(),
                                  [&id](const Branch& b) { return b.id == id; });
  return found == branches_.end() ? nullptr : &*found;
}

// A proxy may try elsewhere: the caller has failed when the first hop says so, or every hop.
bool Leg::was_refused(const Branch* by) const {
  return by == nullptr || is_callers_own(*by) ||
         std::all_of(branches_.begin(), branches_.end(), [](const Branch& b) { return b.refused; });
}

// The first one, unless others come from the same place: then the caller's hop is not mirrored, and
// what is seen is a proxy that forks.
bool Leg::is_callers_own(const Branch& branch) const {
  return &branch == &branches_.front() &&
         std::none_of(branches_.begin() + 1, branches_.end(),
                      [&](const Branch& other) { return other.source == branch.source; });
}

Negotiation::Exchange Leg::exchange(const Sighting& sighting) const {
  return {sighting.requester, sighting.message.cseq};
}

}  // namespace koegura::capture
