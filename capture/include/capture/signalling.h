// Signalling: SIP messages in, legs out. It follows each INVITE session (RFC 3261 §12, §13)
// seen on the wire from its INVITE to its release, says where its media will arrive, and gives
// the finished leg. Purely passive: it believes what it sees and never needs the whole story.
//
//   on_message* advance* finish     time never goes back by more than a capture's disorder
//
// Threads: one (the signalling thread). No call blocks or does I/O.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "capture/finished_call.h"
#include "capture/sip_message.h"

namespace koegura::capture {

using LegId = std::uint64_t;  // counts up from 1, never reused

// All on the capture's clock.
struct SignallingOptions {
  Duration ringing_timeout = std::chrono::minutes(5);  // no answer, no final response, no RTP
  // Answered, no BYE, and neither RTP nor SIP any more.
  Duration media_silence_timeout = std::chrono::minutes(2);
  // The same where silence proves nothing: no RTP was ever heard (its network is not mirrored),
  // or a party is on hold. A session timer that runs out (RFC 4028) ends such a leg earlier.
  Duration unheard_timeout = std::chrono::hours(4);
  Duration session_timer_grace = std::chrono::seconds(32);  // after Session-Expires (RFC 4028)
  Duration release_linger = std::chrono::seconds(5);        // after its last message: late packets
  // Legs followed at once. A message that would begin one more is counted and passed over, so that
  // a flood of INVITEs cannot take the memory of the legs that are known.
  std::uint32_t max_legs = 100'000;
};

// What signalling tells the rest of capture. Called on the signalling thread, in order of time.
class SignallingSink {
 public:
  virtual ~SignallingSink() = default;
  // From media.since on, audio for `leg` that arrives at media.endpoint is heard by media.side.
  virtual void on_media(LegId leg, const NegotiatedMedia& media) = 0;
  // The leg is over (BYE, CANCEL, final response): its endpoints may be reused from now on. A leg
  // whose INVITE failed may come back while it lingers (a redirected INVITE, a late 2xx): then
  // on_media tells its endpoints again, and on_released comes a second time.
  virtual void on_released(LegId leg, Timestamp at) = 0;
  // The linger is over. streams and signalling of the call are empty: the caller fills them.
  virtual void on_finished(LegId leg, FinishedCall call) = 0;
};

struct SignallingStats {
  std::uint64_t messages = 0;
  std::uint64_t retransmissions = 0;
  std::uint64_t outside_legs = 0;  // REGISTER, OPTIONS, … and messages of calls never seen
  std::uint64_t legs = 0;
  std::uint64_t unreadable_descriptions = 0;  // session descriptions (SDP) passed over
  std::uint64_t legs_refused = 0;             // messages that found max_legs
  // What a leg had too much of: digits, holds, media, branches, dialogs, links, diversions.
  std::uint64_t leg_entries_refused = 0;
  std::uint64_t finished_legs_forgotten = 0;  // before their transactions could not repeat any more
};

// A leg that goes on, as far as it is known; views live only for the visit.
struct LegInProgress {
  LegId id = 0;
  std::string_view call_id;
  const Identity& caller;
  const Identity& callee;
  Timestamp start;
  std::optional<Timestamp> answered;
  bool on_hold = false;  // by either side
};

class Signalling {
 public:
  // REQUIRES: sink outlives this.
  static std::unique_ptr<Signalling> create(const SignallingOptions& options, SignallingSink& sink);
  virtual ~Signalling() = default;

  // Gives the leg that the message belongs to (its datagrams go into that leg's
  // signalling.pcapng), or nothing. The message's views need live only for the call.
  virtual std::optional<LegId> on_message(Timestamp time, const Endpoint& source,
                                          const Endpoint& destination,
                                          const SipMessage& message) = 0;
  // The leg's media was heard at this time: it is alive (keeps the silence timeout away).
  virtual void on_media_heard(LegId leg, Timestamp time) = 0;
  // The capture's clock has come to now: timeouts fire, lingering legs finish.
  virtual void advance(Timestamp now) = 0;
  // Nothing was heard between outage.from and outage.to: legs that go on have from then on as long
  // as ever to be heard of again. One that is not ends where it was last heard, as interrupted; one
  // that had been refused or cancelled ends as that. REQUIRES: no advance beyond outage.from yet.
  virtual void resume(const Outage& outage) = 0;
  // The input is at its end: every leg finishes, those that were going on as interrupted.
  virtual void finish() = 0;
  [[nodiscard]] virtual SignallingStats stats() const = 0;
  // Every leg that is not released, in no order.
  virtual void for_each_in_progress(
      const std::function<void(const LegInProgress&)>& visit) const = 0;
};

}  // namespace koegura::capture
