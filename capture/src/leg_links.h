// LegLinks: what a leg's messages say about other legs of the same conversation: Session-ID (RFC
// 7989), Replaces (RFC 3891), Referred-By (RFC 3892), REFER (RFC 3515), the tags that a Replaces
// may name, and who had been called before (diversions).
#pragma once

#include <cstdint>
#include <string_view>

#include "capture/finished_call.h"
#include "leg_share.h"
#include "refer.h"
#include "sighting.h"

namespace koegura::capture {

// `call` is the leg's own, the same one each time.
class LegLinks {
 public:
  // Any message of the leg. Copies on other hops may add, and repeat nothing.
  void note(const Sighting& sighting, FinishedCall& call);
  // Somebody accepted to call on another's word, and has not told yet what came of it.
  [[nodiscard]] bool await_outcome() const { return referrals_.await_outcome(); }
  [[nodiscard]] std::uint64_t refused_entries() const { return share_.refused(); }
  // The leg is over.
  void close(FinishedCall& call) { call.links.refers = std::move(referrals_).take(); }

 private:
  void note_initial_invite(const SipMessage& invite, FinishedCall& call);
  void note_session(const SipMessage& message, Links& links);
  void note_session_id(std::string_view uuid, Links& links);
  void note_callee_tag(const Sighting& sighting, Links& links);

  Referrals referrals_;
  LegShare share_;
};

}  // namespace koegura::capture
