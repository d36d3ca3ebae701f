// How legs end: on their own word, by waiting too long, or with the capture.

#include <algorithm>

#include "leg.h"

namespace koegura::capture {
namespace {

// How long a cancelled INVITE may wait for its final response: 64*T1 (RFC 3261 §9.1).
constexpr Duration kCancelWait = std::chrono::seconds(32);

CallState state_of_failure(std::uint16_t status) {
  switch (status) {
    case 486:
    case 600:
      return CallState::kBusy;
    case 408:
    case 480:
    case 487:
    case 603:
      return CallState::kMissed;
    default:
      return CallState::kFailed;
  }
}

}  // namespace

Timestamp Leg::deadline() const {
  switch (phase_) {
    case Phase::kReleased:
      // As long as a transaction repeats itself, which it does every T2 = 4 s at least, up to 64*T1
      // (RFC 3261 §17.1.2.2), its messages belong to the call. So does what became of a transfer:
      // who asked for it often hangs up at once, and is told afterwards (RFC 5057 §4.3).
      if (links_.await_outcome()) return call_.end + kCancelWait + options_->release_linger;
      return std::min(std::max(call_.end, last_message_), call_.end + kCancelWait) +
             options_->release_linger;
    case Phase::kCancelled:
      return alive_until(cancelled_->time) + kCancelWait;
    case Phase::kChallenged:
    case Phase::kCalling:
      return alive_until(last_alive()) + options_->ringing_timeout;
    case Phase::kAnswered:
      break;
  }
  const Timestamp alive = alive_until(last_alive());
  if (silence_counts()) return alive + options_->media_silence_timeout;
  const Timestamp quiet = alive + options_->unheard_timeout;
  if (!session_expires_) return quiet;
  const Timestamp expiry = alive_until(session_refreshed_) + *session_expires_;
  return std::min(quiet, std::max(expiry, alive) + options_->session_timer_grace);
}

void Leg::on_deadline() {
  if (!heard_since_ && goes_on()) {
    return release(last_alive(), CallState::kInterrupted,
                   {0, "not heard again after an outage of the recorder", ReleasedBy::kRecorder});
  }
  switch (phase_) {
    case Phase::kReleased:
      return;
    case Phase::kChallenged:
      return end_by_failure();
    case Phase::kCancelled:
      return end_by_cancel();
    case Phase::kCalling:
      break;
    case Phase::kAnswered: {
      const char* const reason = silence_counts()   ? "media silence"
                                 : session_expires_ ? "session expired"
                                                    : "no signalling";
      const CallState state = begin_seen_ ? CallState::kAnswered : CallState::kInterrupted;
      return release(last_alive(), state, {0, reason, ReleasedBy::kRecorder});
    }
  }
  if (failure_) return end_by_failure();  // one hop's, and the others said nothing more
  release(last_alive(), CallState::kInterrupted, {0, "no final response", ReleasedBy::kRecorder});
}

void Leg::on_capture_end() {
  if (!goes_on()) return on_deadline();
  release(last_alive(), CallState::kInterrupted, {0, "capture ended", ReleasedBy::kRecorder});
}

// While the recorder was away, a timer ran for nobody: each of them begins anew.
void Leg::resume(const Outage& outage) {
  if (phase_ == Phase::kReleased) return;
  resumed_ = outage.to;
  heard_since_ = false;
}

FinishedCall Leg::take() && {
  links_.close(call_);
  call_.media = negotiation_.take_media();
  call_.srtp = negotiation_.take_keys();
  call_.holds = negotiation_.take_holds();
  return std::move(call_);
}

void Leg::end_by_failure() {
  const bool cancelled = cancelled_.has_value();
  CallState state = cancelled ? CallState::kCancelled : state_of_failure(failure_->status);
  if (!begin_seen_) state = CallState::kInterrupted;
  const ReleasedBy by = cancelled ? ReleasedBy::kCaller : ReleasedBy::kCallee;
  const std::string& reason =
      cancelled && !cancelled_->reason.empty() ? cancelled_->reason : failure_->reason;
  const bool elsewhere = cancelled && cancelled_->elsewhere;
  release(failure_->time, state, {failure_->status, reason, by, elsewhere});
  by_failure_ = true;
}

void Leg::end_by_cancel() {
  if (failure_) return end_by_failure();
  const CallState state = begin_seen_ ? CallState::kCancelled : CallState::kInterrupted;
  const std::string reason = cancelled_->reason.empty() ? "CANCEL" : cancelled_->reason;
  release(cancelled_->time, state, {0, reason, ReleasedBy::kCaller, cancelled_->elsewhere});
}

void Leg::release(Timestamp at, CallState state, Release release) {
  phase_ = Phase::kReleased;
  call_.state = state;
  call_.end = std::max(at, call_.start);
  call_.release = std::move(release);
  negotiation_.close(call_.end);
  sink_->on_released(id_, call_.end);
}

Timestamp Leg::last_alive() const {
  return std::max(last_message_, last_media_);
}

// A sign of life known from this moment, as timers see it: what went by unheard may have been one.
// (The clock may have been set back while the recorder was away.)
Timestamp Leg::alive_until(Timestamp known) const {
  if (!resumed_) return known;
  return heard_since_ ? std::max(known, *resumed_) : *resumed_;
}

// Nothing has told yet how it ends.
bool Leg::goes_on() const {
  return phase_ == Phase::kAnswered || (phase_ == Phase::kCalling && !failure_);
}

LegInProgress Leg::in_progress() const {
  return {.id = id_,
          .call_id = call_.call_id,
          .caller = call_.caller,
          .callee = call_.callee,
          .start = call_.start,
          .answered = call_.answered,
          .on_hold = negotiation_.on_hold()};
}

// Silence tells nothing while someone is on hold, or where the leg's media is not mirrored at all.
bool Leg::silence_counts() const {
  return media_heard_ && !negotiation_.on_hold();
}

}  // namespace koegura::capture
